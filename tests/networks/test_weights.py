from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from serenade.audio.front_end import FrontEnd
from serenade.errors import ModelError
from serenade.folders import ModelFolder
from serenade.networks import create_network
from serenade.networks.export import export
from serenade.networks.weights import CHECKSUM_KEY, checksum, load_network, save_network
from serenade.spec import Spec

OPTIONS = {"stem": 16, "widths": [16, 16, 16], "projection": 16}
SPEC = Spec(
    name="toy",
    labels=("anger", "neutral", "sadness"),
    front_end=FrontEnd(n_mels=16),
    network="compact",
    network_args=OPTIONS,
)


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return create_network("compact", n_mels=16, n_classes=3, **OPTIONS).eval()


@pytest.fixture
def model(network, tmp_path) -> Path:
    save_network(network, SPEC, tmp_path / "model")
    return tmp_path / "model"


def rewrite(model: Path, change) -> Path:
    """Write the weights again, changed, with a correct checksum."""
    state = load_file(ModelFolder(model).weights)
    change(state)
    metadata = SPEC.to_metadata()
    metadata[CHECKSUM_KEY] = checksum(state, metadata)
    save_file(state, ModelFolder(model).weights, metadata=metadata)
    return model


def test_weights_and_spec_are_read_back(network, model):
    loaded, spec = load_network(model)
    assert spec == SPEC
    assert not loaded.training
    assert all(
        torch.equal(loaded.state_dict()[name], weight) for name, weight in network.state_dict().items()
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_is_an_error(model, seed):
    """Anywhere in the file: the header with names, shapes, Spec and checksum, or the weights."""
    rng = np.random.default_rng(seed)
    content = bytearray((ModelFolder(model).weights).read_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    place = rng.integers(8, header) if seed % 2 else rng.integers(header, len(content))
    content[place] ^= 1 << rng.integers(8)
    (ModelFolder(model).weights).write_bytes(content)
    with pytest.raises(ModelError):
        load_network(model)


def test_a_missing_checksum_is_an_error(model):
    save_file(load_file(ModelFolder(model).weights), ModelFolder(model).weights, metadata=SPEC.to_metadata())
    with pytest.raises(ModelError, match="its checksum is wrong"):
        load_network(model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("classify.bias"), r"Missing key.*classify\.bias"),
        (lambda state: state.update(more=torch.zeros(1)), r"Unexpected key.*more"),
        (lambda state: state.update({"classify.bias": torch.zeros(4)}), "size mismatch"),
    ],
)
def test_loading_is_strict(model, change, message):
    with pytest.raises(ModelError, match=f"do not fit the network 'compact' of its Spec .*{message}"):
        load_network(rewrite(model, change))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_neither_saved_nor_exported(network, model, tmp_path, value):
    rewrite(model, lambda state: state["classify.weight"][0].fill_(value))
    with pytest.raises(ModelError, match=r"the weight classify\.weight has values that are not finite"):
        export(model, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
    network.stem_norm.running_var.fill_(value)
    with pytest.raises(ModelError, match=r"the weight stem_norm\.running_var has values that are not finite"):
        save_network(network, SPEC, tmp_path / "other")
    assert not (tmp_path / "other" / "model.safetensors").exists()


def test_files_without_weights(tmp_path):
    with pytest.raises(ModelError, match="is not a run folder"):
        load_network(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="is not a readable safetensors file"):
        load_network(tmp_path)
