"""Inputs for any network, and any network through ONNX."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from serenade.networks.export import OPSET
from serenade.networks.layers.masking import frame_mask
from serenade.networks.registry import EXAMPLE_SIZES, NETWORKS, Network

Inputs = dict[str, Tensor]

# Axes whose size differs from batch to batch.
_FREE_AXES = {
    "features": {0: "n", 2: "frames"},
    "lengths": {0: "n"},
    "tokens": {0: "n", 1: "longest"},
    "token_lengths": {0: "n"},
    "text_vectors": {0: "n"},
    "audio_vectors": {0: "n"},
    "statistics": {0: "n"},
    "present": {0: "n"},
    "dialogues": {0: "d"},
    "speakers": {0: "n"},
}

SUBWORDS = 12
"""Tokens of the fixture `made_encoder`."""


class _ByPosition(nn.Module):
    def __init__(self, network: Network, names: list[str]) -> None:
        super().__init__()
        self.network, self.names = network, names

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.network(**dict(zip(self.names, inputs, strict=True)))


@pytest.fixture
def through_onnx() -> Callable[..., Callable[..., Tensor]]:
    """`through_onnx(network, **example)` gives a function from inputs to the logits of onnxruntime."""

    def export(network: Network, **example: Tensor) -> Callable[..., Tensor]:
        names, graph = sorted(example), io.BytesIO()
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _ByPosition(network, names).eval(),
                tuple(example[name] for name in names),
                graph,
                dynamo=False,
                opset_version=OPSET,
                input_names=names,
                output_names=["logits"],
                dynamic_axes={name: _FREE_AXES[name] for name in names},
            )
        session = onnxruntime.InferenceSession(graph.getvalue())

        def run(**inputs: Tensor) -> Tensor:
            given: Mapping[str, np.ndarray] = {name: inputs[name].numpy() for name in names}
            return torch.from_numpy(session.run(None, given)[0])

        return run

    return export


def randomize_statistics(network: nn.Module) -> nn.Module:
    """Give batch normalisation random statistics; with initial ones a missing mask has no effect."""
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm1d):
                layer.running_mean.normal_()
                layer.running_var.uniform_(0.5, 2)
                layer.bias.normal_()
    return network.eval()


@pytest.fixture
def unsettled() -> Callable[[nn.Module], nn.Module]:
    """The function `randomize_statistics`."""
    return randomize_statistics


@pytest.fixture(params=list(NETWORKS))
def example(request: pytest.FixtureRequest) -> Network:
    """The example of every registered network, in evaluation mode."""
    entry = NETWORKS[request.param]
    sizes = {}
    if entry.count_parameters() is None:
        folder: Path = request.getfixturevalue("made_encoder")
        sizes["pretrained"] = {"encoder": str(folder), "layers": 2, "trained": 1}
    torch.manual_seed(0)
    network = randomize_statistics(entry.create_example(**sizes))
    network.entry = entry
    return network


@pytest.fixture
def inputs_for() -> Callable[..., Inputs]:
    """`inputs_for(network, dialogues=[3, 2])`: random inputs of whole dialogues, with random padding."""

    def make(network: Network, dialogues: list[int]) -> Inputs:
        n = sum(dialogues)
        tokens = SUBWORDS if network.entry.count_parameters() is None else EXAMPLE_SIZES["vocabulary"]
        everything = {
            "features": torch.randn(n, EXAMPLE_SIZES["n_mels"], 60),
            "lengths": torch.randint(1, 61, (n,)),
            "tokens": torch.randint(2, tokens, (n, 7)),
            "token_lengths": torch.randint(1, 8, (n,)),
            "text_vectors": torch.randn(n, EXAMPLE_SIZES["text_width"]),
            "audio_vectors": torch.randn(n, EXAMPLE_SIZES["audio_width"]),
            "statistics": torch.randn(n, getattr(network, "width", 1)),
            "present": torch.ones(n, 2, dtype=torch.bool),
            "dialogues": torch.tensor(dialogues),
            "speakers": torch.cat([torch.arange(size) % 3 for size in dialogues]),
        }
        return {name: everything[name] for name in network.takes}

    return make


def without_padding(inputs: Inputs) -> Inputs:
    """The same inputs, with zeros in place of random padding."""
    inputs = dict(inputs)
    for name, lengths, axis in (("features", "lengths", 2), ("tokens", "token_lengths", 1)):
        if name in inputs:
            mask = frame_mask(inputs[lengths], inputs[name].shape[axis])
            inputs[name] = inputs[name] * (mask[:, None] if axis == 2 else mask)
    return inputs


def one_dialogue(inputs: Inputs, dialogues: list[int], number: int) -> Inputs:
    """One dialogue of a batch, cut to its longest clip and text."""
    own = {
        name: tensor[number : number + 1] if name == "dialogues" else tensor.split(dialogues)[number]
        for name, tensor in inputs.items()
    }
    if "features" in own:
        own["features"] = own["features"][..., : int(own["lengths"].max())]
    if "tokens" in own:
        own["tokens"] = own["tokens"][:, : int(own["token_lengths"].max())]
    return own


@pytest.fixture
def alone() -> Callable[[Inputs, list[int], int], Inputs]:
    """The function `one_dialogue`."""
    return one_dialogue


@pytest.fixture
def zero_padding() -> Callable[[Inputs], Inputs]:
    """The function `without_padding`."""
    return without_padding
