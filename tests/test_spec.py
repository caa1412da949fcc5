from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serenade.adaptation import Adaptation
from serenade.audio.front_end import FrontEnd
from serenade.errors import ModelError
from serenade.spec import SPEC_VERSION, Spec

ROWS = ((3.0, -1.0, -1.0, -1.0), (-1.0, 3.0, -1.0, -1.0), (-1.0, -1.0, 3.0, -1.0), (-1.0, -1.0, -1.0, 3.0))
ADAPTATION = Adaptation(
    means=ROWS, covariance=((2, 0, 0, 0), (0, 2, 0, 0), (0, 0, 2, 0), (0, 0, 0, 2)), spread=20, offsets=4
)


def test_every_field_survives_the_round_trip(toy):
    spec = toy.toy_spec(
        front_end=FrontEnd(hop=320, normalize="band"),
        network_args={"width": 64, "members": [{"name": "compact"}, {"name": "text_bag"}]},
        temperature=1.7,
        corpora=({"name": "cremad", "license": "ODbL-1.0"},),
        split={"name": "tfds", "fold": None, "hash": "ab"},
        recipe_hash="cd",
        created="2026-11-23T14:00:00Z",
        adaptation=ADAPTATION,
    )
    assert Spec.from_metadata(spec.to_metadata()) == spec
    assert Spec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize(
    "config",
    sorted((Path(__file__).parents[1] / "models").glob("*/config.json")),
    ids=lambda f: f.parent.name,
)
def test_the_specs_of_the_shipped_models_are_valid(config):
    assert len(Spec.from_dict(json.loads(config.read_text(encoding="utf-8"))).labels) == 6


@pytest.mark.parametrize(
    "metadata", [None, {}, {"author": "somebody"}, {"serenade": "3"}, {"serenade": "{}"}]
)
def test_foreign_metadata_is_refused_with_what_to_do(metadata):
    with pytest.raises(ModelError, match=r"^m\.onnx: has no Spec .* export it again with `serenade export`$"):
        Spec.from_metadata(metadata, file="m.onnx")


def test_a_newer_spec_names_the_version_it_needs(toy):
    content = toy.toy_spec(serenade_version="9.1").to_dict() | {"spec_version": SPEC_VERSION + 1}
    with pytest.raises(
        ModelError, match=r"needs serenade >= 9\.1; this is .*: pip install --upgrade serenade"
    ):
        Spec.from_dict(content)


def test_a_further_key_of_the_same_version_is_ignored(toy):
    assert Spec.from_dict(toy.toy_spec().to_dict() | {"favourite_colour": "blue"}) == toy.toy_spec()


NESTED: object = []
for _ in range(50):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"front_end": {"n_ftt": 1}}, "front end: unknown key"),
        ({"front_end": {}}, "front end: the key 'rate_hz' is missing"),
        ({"front_end": FrontEnd().to_dict() | {"rate_hz": 1e308}}, "front end: 'rate_hz' must be between"),
        ({"front_end": FrontEnd().to_dict() | {"n_fft": 10**9}}, "front end: 'n_fft' must be between"),
        (
            {"front_end": FrontEnd().to_dict() | {"hop": float("inf")}},
            "front end: 'hop' must be a whole number, not inf",
        ),
        ({"front_end": 7}, "front end: the content must be a table of names and values, not 7"),
        ({"labels": ["anger"]}, "'labels' must have 2 to 1,000 entries, and has 1"),
        ({"labels": ["anger", "anger"]}, ".*'anger' is there twice"),
        ({"labels": ["anger", ""]}, r"'labels\[1\]' must have 1 to 200 characters, and has 0"),
        ({"labels": ["anger", 3]}, r"'labels\[1\]' must be text, not 3"),
        ({"labels": "ab"}, "'labels' must be a list, not 'ab'"),
        ({"labels": None}, "'labels' must be a list"),
        ({"temperature": 0}, "'temperature' must be between 0.001 and 1,000, not 0"),
        ({"temperature": "warm"}, "'temperature' must be a number"),
        ({"temperature": float("nan")}, "'temperature' must be between .* not nan"),
        ({"temperature": 10**400}, "'temperature' is too large"),
        ({"unsure_below": 1.5}, "'unsure_below' must be between 0 and 1"),
        ({"shift": [1.0, 2.0]}, "shift has 2 numbers for 4 labels"),
        ({"shift": [0, 0, 0, 1e300]}, r"'shift\[3\]' must be between"),
        ({"inputs": "smell"}, "'inputs' must be one of sound, text, both"),
        ({"context": "future"}, "'context' must be one of none, past, all"),
        ({"corpora": 3}, "'corpora' must be a list"),
        ({"network_args": {"width": 10**9}}, "'network_args.width' must be between"),
        ({"network_args": {"members": NESTED}}, "'network_args.members.*' is nested more than 8 deep"),
        ({"sizes": {"text_width": 1e308}}, "'sizes.text_width' must be between"),
        ({"name": ["toy"]}, "'name' must be text"),
        ({"license": 3}, "'license' must be text"),
        ({"adaptation": 3}, "'adaptation' must be a table"),
        ({"adaptation": {}}, "the key 'adaptation.means' is missing"),
        ({"adaptation": ADAPTATION.to_dict() | {"spread": 1e308}}, "'adaptation.spread' must be between"),
        ({"adaptation": ADAPTATION.to_dict() | {"covariance": ROWS[:3]}}, "adaptation: .* must be square"),
        (
            {
                "adaptation": ADAPTATION.to_dict()
                | {"means": np.eye(2).tolist(), "covariance": np.eye(2).tolist()}
            },
            "adaptation is of 2 labels, and there are 4",
        ),
    ],
)
def test_damage_is_named_with_the_file(toy, change, reason):
    with pytest.raises(ModelError, match=rf"^m\.onnx: its Spec is damaged \({reason}"):
        Spec.from_dict(toy.toy_spec().to_dict() | change, file="m.onnx")


@pytest.mark.parametrize("key", ["name", "labels", "front_end", "network"])
def test_missing_keys_are_named(toy, key):
    content = toy.toy_spec().to_dict()
    del content[key]
    with pytest.raises(ModelError, match=rf"its Spec is damaged \(the key '{key}' is missing\)"):
        Spec.from_dict(content)


def test_a_front_end_with_a_key_missing_is_not_filled_with_defaults(toy):
    content = toy.toy_spec().to_dict()
    del content["front_end"]["n_mels"]
    with pytest.raises(ModelError, match=r"damaged \(front end: the key 'n_mels' is missing\)"):
        Spec.from_dict(content)


@pytest.mark.parametrize("text", ["{broken", "[" * 100_000, "", "9" * 10_000])
def test_metadata_that_is_not_json_is_refused(text):
    with pytest.raises(ModelError, match=r"its Spec is damaged \(it is (not JSON|nested|empty)"):
        Spec.from_metadata({"serenade": text})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data())
def test_any_value_of_any_key_is_accepted_or_refused_in_one_sentence(toy, data):
    content = toy.toy_spec(adaptation=ADAPTATION).to_dict()
    key = data.draw(st.sampled_from(sorted(set(content) - {"spec_version"})))
    if key in ("front_end", "adaptation"):
        content[key][data.draw(st.sampled_from(sorted(content[key])))] = data.draw(JSON)
    else:
        content[key] = data.draw(JSON)
    sentence = ""
    try:
        spec = Spec.from_dict(content, file="m.onnx")
        assert Spec.from_metadata(spec.to_metadata()) == spec
    except ModelError as error:
        sentence = str(error)
    assert "\n" not in sentence
    assert len(sentence) < 300
