"""Export of networks to ONNX: waveforms, text or both in, probabilities out, the Spec in the metadata.

One file then holds everything that `serenade predict` needs, and onnxruntime alone runs it.
"""

from __future__ import annotations

import io
import json
import logging
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from serenade.encoders.onnx_weights import store_rounded
from serenade.encoders.speech import SIZE_KEY
from serenade.encoders.whisper import WhisperEncoder
from serenade.errors import ModelError
from serenade.files import protect_inputs, write_whole
from serenade.folders import RunFolder
from serenade.inference import checksum
from serenade.inference.graph import ATTENTION, DISTANCE
from serenade.networks.architectures.encoder import EncoderNetwork
from serenade.networks.layers.front_end import TorchFrontEnd
from serenade.networks.onnx_tables import compute_basis, compute_positions, store_in_16_bits
from serenade.networks.registry import Network
from serenade.networks.utterance import UtteranceNetwork
from serenade.networks.weights import load_network, require_finite
from serenade.spec import Spec

OPSET = 18


AXES = {
    "waveform": ("batch", "samples"),
    "lengths": ("batch",),
    "tokens": ("batch", "longest"),
    "token_lengths": ("batch",),
    "text_vectors": ("batch",),
    "present": ("batch",),
    "dialogues": ("dialogues",),
    "speakers": ("batch",),
}
"""Possible inputs of a graph, in order, and their dynamic axes."""


def graph_inputs(network: Network) -> list[str]:
    """Names of the inputs of an exported network: its own, with waveforms in place of features."""
    takes = set(network.takes)
    if takes & {"features", "statistics"}:
        takes |= {"waveform", "lengths"}
    return [name for name in AXES if name in takes]


class Classifier(nn.Module):
    """Front end (for sound), network, logit adjustment, temperature and softmax in one graph."""

    shift: Tensor

    def __init__(self, network: Network, spec: Spec) -> None:
        super().__init__()
        self.names = graph_inputs(network)
        self.front_end = TorchFrontEnd(spec.front_end) if "waveform" in self.names else None
        self.network = network
        self.speech = network.speech if isinstance(network, EncoderNetwork) else None
        self.domain = network.domain if isinstance(network, UtteranceNetwork) else None
        self.has_attention = self.names == ["waveform", "lengths"] and network.has_attention
        self.temperature = spec.temperature
        self.register_buffer("shift", torch.tensor(spec.shift or [0.0] * len(spec.labels)))

    @property
    def outputs(self) -> list[str]:
        """Names of what it returns."""
        names = ["probabilities"]
        names += ["embedding"] if self.speech is not None else []
        names += [DISTANCE] if self.domain is not None else []
        return names + ([ATTENTION] if self.has_attention else [])

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Probabilities [shape=(batch, classes)] from the inputs in `graph_inputs`, in that order.

        A network on a frozen encoder returns its embeddings as well [shape=(batch, width)]; one with a domain
        check returns the distances [shape=(batch,)]; one with attention returns its weights over time
        [shape=(batch, steps)].
        """
        given = dict(zip(self.names, inputs, strict=True))
        if (
            self.speech is not None
            and self.front_end is not None
            and isinstance(self.network, EncoderNetwork)
        ):
            embedding = self.network.embed(self.speech(*self.front_end(**given)))
            found = (self._probabilities(self.network.classify(embedding)), embedding)
            return found if self.domain is None else (*found, self.domain(embedding))
        if self.front_end is not None:
            features, frames = self.front_end(given.pop("waveform"), given["lengths"])
            if "present" in given:
                # An absent clip is zeros of length 1, as in training.
                has_sound = given["present"][:, 0]
                features = features * has_sound[:, None, None].to(features.dtype)
                frames = torch.where(has_sound, frames, 1)
            given |= {"features": features, "lengths": frames}
        # onnxruntime computes what the outputs have in common once.
        outputs = [self._probabilities(self.network(**given))]
        if self.domain is not None and isinstance(self.network, UtteranceNetwork):
            outputs.append(self.domain(self.network.embed(**given)))
        if self.has_attention:
            outputs.append(self.network.attention_over_time(**given))
        return tuple(outputs) if len(outputs) > 1 else outputs[0]

    def _probabilities(self, logits: Tensor) -> Tensor:
        return ((logits + self.shift) / self.temperature).softmax(-1)


def export(model: str | Path, out: str | Path) -> Path:
    """Write a trained model as one ONNX file.

    Args:
        model: a model folder, a run folder, a `.safetensors` file, or a model on the hub (`hf://owner/name`).
        out: the file to write.

    Returns:
        `out`.

    Raises:
        ModelError: no model there, or one that cannot be read.
        OutputError: `out` cannot be written, or is a file that is read.

    >>> export("run", "emotion.onnx").name
    'emotion.onnx'
    """
    inner = RunFolder(Path(model)).model
    protect_inputs([out], [model, *(Path(model) / file.name for file in inner.files), *inner.files])
    network, spec = load_network(model)
    export_onnx(network, spec, out)
    return Path(out)


def export_onnx(network: Network, spec: Spec, file: str | Path) -> None:
    """Write `network` as one ONNX file.

    The graph of an audio network takes `waveform` (float32 [shape=(batch, samples)], zero-padded) and
    `lengths` (int64 samples [shape=(batch,)]); that of any other network has the inputs of the network, by
    the same names. Its output is `probabilities` (float32 [shape=(batch, classes)]); a network on a frozen
    speech encoder has `embedding` as well, one with a domain check `domain_distance`, and one with attention
    over time `attention` (float32 [shape=(batch, steps)]).
    The Spec and a checksum are in its metadata.

    Args:
        network: the trained network; its mode does not change.
        spec: its Spec; the front end, the shift and the temperature become a part of the graph.
        file: the file to write, whole or not at all.

    Raises:
        ModelError: the network cannot be exported, or a weight is not finite.
        OutputError: it cannot be written there.
    """
    if not network.exports:
        raise ModelError(
            f"network {spec.network!r} contains a Hugging Face encoder, which is not exported to ONNX; "
            "serenade evaluate uses its model.safetensors",
            file=file,
        )
    require_finite(network, file=file)
    was_training = network.training
    classifier = Classifier(network, spec).cpu().eval()
    example = _example(classifier.names, spec)
    graph = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The tracing exporter is a hundred times as fast as the newer one for these networks. Its warnings
        # are about other lengths and batch sizes, which the parity tests check.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            classifier,
            example,
            graph,  # type: ignore[arg-type]  # a buffer is accepted, but not in the annotation
            dynamo=False,
            opset_version=OPSET,
            input_names=classifier.names,
            output_names=classifier.outputs,
            dynamic_axes={
                name: dict(enumerate(AXES.get(name, ("batch", "steps") if name == ATTENTION else ("batch",))))
                for name in (*classifier.names, *classifier.outputs)
            },
        )
    network.train(was_training)
    model = onnx.load_from_string(graph.getvalue())
    if classifier.front_end is not None and (basis := classifier.front_end.basis) is not None:
        compute_basis(model, basis)
    if isinstance(network, EncoderNetwork):
        encoder = network.speech.encoder
        store_rounded(model, encoder.state_dict(), precision=network.encoder.precision)
        if isinstance(encoder, WhisperEncoder):
            compute_positions(model, encoder.positions)
        model.metadata_props.add(key=SIZE_KEY, value=json.dumps(encoder.size.to_dict()))
    store_in_16_bits(model)
    # A file that is cut between two entries has the Spec only if it has the first of these, too.
    for key, value in (checksum.METADATA | spec.to_metadata()).items():
        model.metadata_props.add(key=key, value=value)
    model.producer_name, model.doc_string = "serenade", f"{spec.name} {spec.version}"
    for value in model.graph.input:
        if value.name == "waveform":
            value.doc_string = f"mono, {spec.front_end.rate_hz} Hz, full scale 1, padded with zeros"
            model.doc_string += f", for mono waveforms of {spec.front_end.rate_hz} Hz"
    with write_whole(file, "wb") as out:
        out.write(checksum.with_checksum(model.SerializeToString()))


def _example(names: list[str], spec: Spec) -> tuple[Tensor, ...]:
    """Three utterances of different lengths in two dialogues, so that no size becomes a constant."""
    # Some 60 frames of any front end: two seconds can be many times as many.
    samples = spec.front_end.n_fft + 64 * spec.front_end.hop
    # A network without text vectors ignores this size, so it can be anything in a Spec.
    text_width = spec.sizes["text_width"] if "text_vectors" in names else 1
    whole = {
        "waveform": 0.1 * torch.randn(3, samples),
        "lengths": torch.tensor([samples, samples // 2, samples // 3]),
        "tokens": torch.ones(3, 4, dtype=torch.int64),
        "token_lengths": torch.tensor([4, 2, 1]),
        "text_vectors": torch.randn(3, text_width),
        "present": torch.ones(3, 2, dtype=torch.bool),
        "dialogues": torch.tensor([2, 1]),
        "speakers": torch.tensor([0, 1, 0]),
    }
    return tuple(whole[name] for name in names)
