"""What the tests of networks share: any network through ONNX, statistics that would show a missing mask."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from serenade.networks.export import OPSET
from serenade.networks.registry import Network

# Which axes of an input differ from batch to batch.
_FREE = {
    "features": {0: "n", 2: "frames"},
    "lengths": {0: "n"},
    "tokens": {0: "n", 1: "longest"},
    "token_lengths": {0: "n"},
    "text_vectors": {0: "n"},
    "present": {0: "n"},
    "dialogues": {0: "d"},
    "speakers": {0: "n"},
}


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
                dynamic_axes={name: _FREE[name] for name in names},
            )
        session = onnxruntime.InferenceSession(graph.getvalue())

        def run(**inputs: Tensor) -> Tensor:
            given: Mapping[str, np.ndarray] = {name: inputs[name].numpy() for name in names}
            return torch.from_numpy(session.run(None, given)[0])

        return run

    return export


@pytest.fixture
def unsettled() -> Callable[[nn.Module], nn.Module]:
    """Gives batch normalisation statistics other than 0 and 1, so that a missing mask would show."""

    def unsettle(network: nn.Module) -> nn.Module:
        with torch.no_grad():
            for part in network.modules():
                if isinstance(part, nn.BatchNorm2d | nn.BatchNorm1d):
                    part.running_mean.normal_()
                    part.running_var.uniform_(0.5, 2)
                    part.bias.normal_()
        return network.eval()

    return unsettle
