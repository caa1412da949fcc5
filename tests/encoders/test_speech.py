"""Loading is strict: what is missing, damaged or too short is one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from serenade.encoders.rounding import quantized
from serenade.encoders.speech import SpeechEncoder
from serenade.errors import ModelError


def encoder_of(folder: Path, **changes) -> SpeechEncoder:
    return SpeechEncoder(
        **{"source": str(folder), "first_layer": 1, "last_layer": 3, "precision": "float32"} | changes
    )


@pytest.fixture
def copy(tiny_whisper, tmp_path) -> Path:
    """A copy of the encoder to damage."""
    shutil.copytree(tiny_whisper, tmp_path / "whisper")
    return tmp_path / "whisper"


def change_weights(folder: Path, change) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


@pytest.mark.parametrize("prefix", ["", "encoder.", "model.encoder."])
def test_the_names_of_common_exports_are_read(copy, prefix):
    expected = encoder_of(copy).load().state_dict()

    def rename(weights):
        for name in list(weights):
            tensor = weights.pop(name)
            if "decoder" not in name:
                weights[prefix + name.partition("encoder.")[2]] = tensor

    change_weights(copy, rename)
    found = encoder_of(copy).load().state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("encoder.layers.1.fc1.weight"), r"has no weight layers\.1\.fc1\.weight"),
        (
            lambda weights: weights.update({"encoder.conv1.bias": torch.zeros(3)}),
            r"conv1\.bias of shape \(3,\), not \(16,\)",
        ),
        (
            lambda weights: weights["encoder.layers.0.fc2.bias"].fill_(float("nan")),
            "not finite",
        ),
        (
            lambda weights: weights["encoder.embed_positions.weight"].add_(0.1),
            "other values in embed_positions.weight than the sines",
        ),
    ],
)
def test_wrong_weights_are_named(copy, change, message):
    change_weights(copy, change)
    with pytest.raises(ModelError, match=message):
        encoder_of(copy).load()


def test_a_folder_of_something_else_is_refused(copy):
    config = json.loads((copy / "config.json").read_text()) | {"model_type": "bert"}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"model_type is .*, not whisper"):
        encoder_of(copy).load()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_missing_and_cut_files_are_refused(copy, name):
    (copy / name).write_bytes((copy / name).read_bytes()[:50])
    with pytest.raises(ModelError, match="is not a speech encoder"):
        encoder_of(copy).load()
    (copy / name).unlink()
    with pytest.raises(ModelError, match="is not a speech encoder"):
        encoder_of(copy).load()


@pytest.mark.parametrize(("first", "last"), [(0, 2), (1, 4), (3, 2)])
def test_layers_that_do_not_exist_are_refused(tiny_whisper, first, last):
    with pytest.raises(ModelError, match="has the layers 1 to 3"):
        encoder_of(tiny_whisper, first_layer=first, last_layer=last).load()


def test_a_name_that_is_nowhere_is_one_sentence(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="neither a folder nor a bundled model"):
        encoder_of(Path("nobody/nothing")).load()


def test_the_hash_depends_on_weights_layers_and_precision(tiny_whisper, copy):
    hashes = {
        encoder_of(tiny_whisper).hash,
        encoder_of(tiny_whisper, last_layer=2).hash,
        encoder_of(tiny_whisper, precision="int8").hash,
    }
    assert len(hashes) == 3
    assert encoder_of(copy).hash in hashes
    change_weights(copy, lambda weights: weights["encoder.conv1.bias"].add_(1))
    assert encoder_of(copy).hash not in hashes


def test_rounding_to_8_bits_keeps_rows_within_half_a_level():
    weight = torch.randn(5, 7, 3) * torch.tensor([1e-3, 1, 5, 0, 100])[:, None, None]
    values, scale = quantized(weight)
    assert values.dtype == torch.int8
    assert ((values * scale - weight).abs() <= scale / 2 + 1e-9).all()
    # Rounding what is rounded already changes nothing.
    again, _ = quantized(values * scale)
    assert torch.equal(again, values)
