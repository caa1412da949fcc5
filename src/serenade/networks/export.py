"""Network → ONNX: waveform in, probabilities out, the Spec inside.

One file then holds everything that `serenade predict` needs, and onnxruntime is all that runs it.
"""

from __future__ import annotations

import io
import logging
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from serenade.files import write_whole
from serenade.inference.spec import Spec
from serenade.networks.frontend import TorchFrontEnd
from serenade.networks.registry import Network
from serenade.networks.weights import load_network

OPSET = 18


class WaveformClassifier(nn.Module):
    """Front end, network, temperature and softmax in one graph."""

    def __init__(self, network: Network, spec: Spec) -> None:
        super().__init__()
        self.front_end = TorchFrontEnd(spec.front_end)
        self.network = network
        self.temperature = spec.temperature

    def forward(self, waveform: Tensor, lengths: Tensor) -> Tensor:
        """Probabilities [shape=(batch, classes)] of waveforms [shape=(batch, samples)]."""
        features, frames = self.front_end(waveform, lengths)
        logits: Tensor = self.network(features, frames)
        return (logits / self.temperature).softmax(-1)


def export(model: str | Path, out: str | Path) -> Path:
    """Write a trained model as one ONNX file.

    Args:
        model: a model folder, a run folder, or a `.safetensors` file.
        out: the file to write.

    Returns:
        `out`.

    Raises:
        ModelError: no model there, or one that cannot be read.
        OutputError: `out` cannot be written.
    """
    network, spec = load_network(model)
    export_onnx(network, spec, out)
    return Path(out)


def export_onnx(network: Network, spec: Spec, file: str | Path) -> None:
    """Write `network` as one ONNX file.

    The graph takes `waveform` (float32 [shape=(batch, samples)], zero-padded) and `lengths` (int64 samples
    [shape=(batch,)]) and gives `probabilities` (float32 [shape=(batch, classes)]). Its metadata carries the
    Spec.

    Args:
        network: trained; its mode is left as it was.
        spec: what the model says about itself; its front end and temperature go into the graph.
        file: where to; written whole or not at all.

    Raises:
        OutputError: it cannot be written there.
    """
    was_training = network.training
    classifier = WaveformClassifier(network, spec).cpu().eval()
    # Two clips of different lengths, so that no size of the example is taken for a constant.
    samples = 2 * spec.front_end.rate_hz
    example = (0.1 * torch.randn(2, samples), torch.tensor([samples, samples // 2]))
    graph = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The tracing exporter: for these networks it is a hundred times as fast as the newer one, and the
        # parity test checks what its warnings worry about (other lengths, other batch sizes).
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            classifier,
            example,
            graph,  # type: ignore[arg-type]  # a buffer is taken, and only its annotation forgets it
            dynamo=False,
            opset_version=OPSET,
            input_names=["waveform", "lengths"],
            output_names=["probabilities"],
            dynamic_axes={
                "waveform": {0: "batch", 1: "samples"},
                "lengths": {0: "batch"},
                "probabilities": {0: "batch"},
            },
        )
    network.train(was_training)
    model = onnx.load_from_string(graph.getvalue())
    for key, value in spec.to_metadata().items():
        model.metadata_props.add(key=key, value=value)
    model.producer_name, model.doc_string = "serenade", f"{spec.name} {spec.version}"
    with write_whole(file, "wb") as out:
        out.write(model.SerializeToString())
