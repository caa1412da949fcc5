"""The ONNX graph of a model, with its Spec: sound, text or both in, probabilities out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from serenade import memory
from serenade.adaptation import Speaker
from serenade.domain import softened
from serenade.errors import ModelError
from serenade.inference import checksum
from serenade.inference.adaptation import adapted_probabilities
from serenade.inference.arrays import Waveform
from serenade.inference.device import providers_of, require_device
from serenade.inference.prediction import ModelName, Prediction, Quality, restricted
from serenade.spec import Spec

SOUND_ONLY = frozenset({"waveform", "lengths"})
"""The inputs of a model of sound without dialogue context."""

TEXT = frozenset({"tokens", "text_vectors"})
"""Inputs that hold text; a graph has at most one of them for each network in it."""

_KNOWN = SOUND_ONLY | TEXT | {"token_lengths", "present", "dialogues", "speakers"}

DISTANCE = "domain_distance"
"""The output of a domain check (`serenade.domain`)."""

ATTENTION = "attention"
"""The output of a network with attention over time: the weight of each step in the pooling."""

_CANNOT_LOAD = (
    onnx_errors.Fail,
    onnx_errors.InvalidArgument,
    onnx_errors.InvalidGraph,
    onnx_errors.InvalidProtobuf,
    onnx_errors.NoModel,
    onnx_errors.NoSuchFile,
    onnx_errors.NotImplemented,
    onnx_errors.RuntimeException,
)
_CANNOT_RUN = (onnx_errors.Fail, onnx_errors.InvalidArgument, onnx_errors.RuntimeException)
_REMEDY = "export it again with `serenade export`"


@dataclass(frozen=True, eq=False)
class Graph:
    """A loaded ONNX model.

    Attributes:
        file: the ONNX file.
        spec: its Spec.
        session: the onnxruntime session; several threads may use it at once.
        speaker: the speaker to whom predictions are adapted; None for no adaptation.
        labels: the labels that predictions are restricted to, in the order of the Spec; None for all.
    """

    file: Path
    spec: Spec
    session: onnxruntime.InferenceSession
    speaker: Speaker | None = None
    labels: tuple[str, ...] | None = None

    @classmethod
    def load(cls, file: Path, *, threads: int, device: str = "cpu") -> Graph:
        """Load an ONNX file.

        Args:
            file: path.
            threads: threads of one computation.
            device: "cpu" or "cuda".

        Raises:
            ModelError: it is damaged, its checksum is wrong, or it is not a model of serenade. A file of
                another program may have no checksum.
            DeviceError: there is no such device, or no usable GPU.
            MissingExtra: "cuda" without onnxruntime-gpu.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # errors are raised, not printed
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = threads
        # Recordings differ in length, and a memory plan for each length would only grow.
        options.enable_mem_pattern = False
        providers = providers_of(device)
        try:
            is_checked = checksum.has_checksum(file)
            # The fallback would print the error and load the same file again.
            session = onnxruntime.InferenceSession(str(file), options, providers=providers, enable_fallback=0)
            metadata = session.get_modelmeta().custom_metadata_map
        except (*_CANNOT_LOAD, UnicodeDecodeError, OSError) as cause:
            raise ModelError(f"is not a readable ONNX model; {_REMEDY}", file=file) from cause
        require_device(session, device, file=file)
        memory.release()
        if not is_checked:
            checksum.require_checksum(metadata, file=file)
        graph = cls(file, Spec.from_metadata(metadata, file=file), session)
        if not graph.inputs or not graph.inputs <= _KNOWN or "probabilities" not in graph.outputs:
            raise ModelError(
                f"has the inputs {sorted(graph.inputs)} and the outputs {sorted(graph.outputs)}, not those "
                f"of a serenade model (such as waveform and lengths, and probabilities); {_REMEDY}",
                file=file,
            )
        return graph

    @cached_property
    def inputs(self) -> frozenset[str]:
        """Names of the graph's inputs; see `serenade.networks.export`."""
        return frozenset(value.name for value in self.session.get_inputs())

    @cached_property
    def outputs(self) -> frozenset[str]:
        """Names of the graph's outputs."""
        return frozenset(value.name for value in self.session.get_outputs())

    def probabilities(self, waveforms: Sequence[Waveform]) -> npt.NDArray[np.float64]:
        """Probabilities of the labels, of a model of sound without dialogue context.

        Args:
            waveforms: mono, at the rate of `spec.front_end`; each [shape=(samples,)], of any length.

        Returns:
            Calibrated probabilities [shape=(waveforms, labels)].

        Raises:
            ModelError: as `run`.
        """
        waveform, lengths = padded_waveforms(waveforms)
        return self.run({"waveform": waveform, "lengths": lengths})

    def rows(self, waveforms: Sequence[Waveform]) -> npt.NDArray[np.float64]:
        """What `prediction` takes: probabilities, and the distance of a model with a domain check.

        Arguments and errors as for `probabilities`. The mean of several rows is a row.

        Returns:
            [shape=(waveforms, labels)], or [shape=(waveforms, labels + 1)].
        """
        waveform, lengths = padded_waveforms(waveforms)
        inputs: dict[str, npt.NDArray[Any]] = {"waveform": waveform, "lengths": lengths}
        if DISTANCE not in self.outputs:
            return self.run(inputs)
        found, (distances,) = self._run(inputs, (DISTANCE,))
        distances = np.asarray(distances, dtype=np.float64)
        if distances.shape != found.shape[:1] or not (distances >= 0).all():
            raise ModelError(f"has an output {DISTANCE} that is not a distance; {_REMEDY}", file=self.file)
        return np.column_stack([found, distances])

    def attention(self, waveform: Waveform) -> npt.NDArray[np.float64] | None:
        """The weights of a network with attention over time, of a model of sound without dialogue context.

        Args:
            waveform: mono, at the rate of `spec.front_end` [shape=(samples,)].

        Returns:
            The weight of each step of time, which sum to 1 [shape=(steps,)]; None if the network has none.

        Raises:
            ModelError: as `run`.
        """
        if ATTENTION not in self.outputs:
            return None
        waveforms, lengths = padded_waveforms([waveform])
        _, (weights,) = self._run({"waveform": waveforms, "lengths": lengths}, (ATTENTION,))
        found = np.asarray(weights, dtype=np.float64)
        if found.ndim != 2 or len(found) != 1 or abs(found.sum() - 1) > 1e-3 or not (found >= 0).all():
            raise ModelError(f"has an output {ATTENTION} that is not attention; {_REMEDY}", file=self.file)
        return np.asarray(found[0])

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        """Probabilities of the labels.

        Args:
            inputs: an array for each name in `inputs`, n rows each.

        Returns:
            Calibrated probabilities [shape=(n, labels)].

        Raises:
            ModelError: the graph fails, or its outputs are not probabilities.
        """
        return self._run(inputs, ())[0]

    def _run(
        self, inputs: Mapping[str, npt.NDArray[Any]], others: Sequence[str]
    ) -> tuple[npt.NDArray[np.float64], list[npt.NDArray[Any]]]:
        """The probabilities, checked, and other outputs."""
        rows = len(next(array for name, array in inputs.items() if name != "dialogues"))
        try:
            output, *further = self.session.run(["probabilities", *others], dict(inputs))
        except _CANNOT_RUN as cause:
            reason = str(cause).strip().splitlines()[0][:200]
            raise ModelError(f"fails: {reason}; {_REMEDY}", file=self.file) from cause
        found = np.asarray(output, dtype=np.float64)
        expected = (rows, len(self.spec.labels))
        if found.shape != expected:
            raise ModelError(
                f"has outputs of shape {found.shape}, and by its Spec they must be {expected}; {_REMEDY}",
                file=self.file,
            )
        # NaN fails both comparisons.
        if not ((found >= 0).all() and (abs(found.sum(axis=1) - 1) < 1e-3).all()):
            raise ModelError(f"has outputs that are not probabilities; {_REMEDY}", file=self.file)
        return found, further

    def prediction(
        self,
        scores: npt.NDArray[np.float64] | None,
        *,
        quality: Quality,
        start: float = 0.0,
        file: str | None = None,
    ) -> Prediction:
        """The probabilities of a segment under their names, adapted to the speaker, for the chosen labels.

        Args:
            scores: a row of `rows`, or probabilities [shape=(labels,)]; None if there is no speech.
            quality: of the segment.
            start: start of the segment in seconds.
            file: name of the recording.
        """
        spec, speaker = self.spec, self.speaker
        adaptation = None if scores is None or speaker is None else speaker.trust
        distance = None
        if scores is not None:
            scores, further = scores[: len(spec.labels)], scores[len(spec.labels) :]
            if speaker is not None and adaptation:
                # The speaker's own clips stand for the training data.
                scores = adapted_probabilities(scores[None], speaker)[0]
            elif len(further):
                distance = float(further[0])
                scores = softened(scores, distance)
        named = {} if scores is None else dict(zip(spec.labels, map(float, scores), strict=True))
        return Prediction.of(
            restricted(named, self.labels),
            quality=quality,
            model=ModelName(name=spec.name, version=spec.version, license=spec.license),
            start=start,
            end=start + quality.duration_s,
            file=file,
            unsure_below=spec.unsure_below,
            adaptation=adaptation,
            domain_distance=distance,
        )


def padded_waveforms(
    waveforms: Sequence[Waveform],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Waveforms of different lengths as one array.

    Returns:
        samples [shape=(waveforms, longest)], zeros on the right, and lengths [shape=(waveforms,)].
    """
    lengths = np.array([len(waveform) for waveform in waveforms], dtype=np.int64)
    padded = np.zeros((len(waveforms), int(lengths.max())), dtype=np.float32)
    for row, waveform in zip(padded, waveforms, strict=True):
        row[: len(waveform)] = waveform
    return padded, lengths
