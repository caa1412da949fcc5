from __future__ import annotations

import json

import pytest

from serenade.audio.logmel import FrontEnd
from serenade.errors import ModelError
from serenade.spec import SPEC_VERSION, Spec


def test_every_field_survives_the_round_trip(toy):
    spec = toy.toy_spec(
        front_end=FrontEnd(hop=320, normalize="band"),
        network_args={"width": 64},
        temperature=1.7,
        corpora=({"name": "cremad", "license": "ODbL-1.0"},),
        split={"name": "tfds", "fold": None, "hash": "ab"},
        recipe_hash="cd",
        created="2026-11-23T14:00:00Z",
    )
    assert Spec.from_metadata(spec.to_metadata()) == spec
    assert Spec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize(
    "metadata", [None, {}, {"author": "somebody"}, {"serenade": "3"}, {"serenade": "{}"}]
)
def test_foreign_metadata_is_refused_with_what_to_do(metadata):
    with pytest.raises(
        ModelError, match=r"^m\.onnx: carries no Spec .* export it again with `serenade export`$"
    ):
        Spec.from_metadata(metadata, file="m.onnx")


def test_a_newer_spec_names_the_version_it_needs(toy):
    content = toy.toy_spec(serenade_version="9.1").to_dict() | {"spec_version": SPEC_VERSION + 1}
    with pytest.raises(
        ModelError, match=r"needs serenade >= 9\.1; this is .*: pip install --upgrade serenade"
    ):
        Spec.from_dict(content)


def test_a_further_key_of_the_same_version_is_ignored(toy):
    assert Spec.from_dict(toy.toy_spec().to_dict() | {"favourite_colour": "blue"}) == toy.toy_spec()


@pytest.mark.parametrize(
    "change",
    [
        {"front_end": {"n_ftt": 1}},
        {"front_end": 7},
        {"labels": ["anger"]},
        {"labels": ["anger", "anger"]},
        {"labels": None},
        {"temperature": 0},
        {"temperature": "warm"},
        {"unsure_below": 1.5},
        {"corpora": 3},
    ],
)
def test_damage_is_named_with_the_file(toy, change):
    with pytest.raises(ModelError, match=r"^m\.onnx: its Spec is damaged \("):
        Spec.from_dict(toy.toy_spec().to_dict() | change, file="m.onnx")


def test_missing_keys_are_named(toy):
    content = {
        key: value for key, value in toy.toy_spec().to_dict().items() if key not in ("labels", "network")
    }
    with pytest.raises(ModelError, match="its Spec lacks labels, network;"):
        Spec.from_dict(content)


def test_metadata_that_is_not_json_is_refused():
    with pytest.raises(ModelError, match="its Spec is not JSON"):
        Spec.from_metadata({"serenade": "{broken"})
