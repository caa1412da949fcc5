"""A trained model, ready to answer: an ONNX graph, sound or words in, probabilities out, its Spec inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

import serenade
from serenade.errors import ModelError
from serenade.inference.prediction import ModelName
from serenade.spec import Spec

Waveform = npt.NDArray[np.float32]

SOUND = frozenset({"waveform", "lengths"})
"""What a model of sound alone takes."""

_KNOWN = SOUND | {"tokens", "token_lengths", "text_vectors", "present", "dialogues", "speakers"}

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
_WEIGHTS = (".safetensors", ".pth", ".pt", ".ckpt", ".bin")


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model; made by `load_model`.

    Attributes:
        file: the ONNX file.
        spec: what the model says about itself.
        session: the onnxruntime session; may be used by several threads at once.
    """

    file: Path
    spec: Spec
    session: onnxruntime.InferenceSession

    @property
    def name(self) -> ModelName:
        """What an answer says about its model."""
        return ModelName(name=self.spec.name, version=self.spec.version, license=self.spec.license)

    @property
    def takes(self) -> frozenset[str]:
        """Names of what the graph takes; see `serenade.networks.export`."""
        return frozenset(given.name for given in self.session.get_inputs())

    def probabilities(self, waveforms: Sequence[Waveform]) -> npt.NDArray[np.float64]:
        """Probability of each label, temperature applied, of a model of sound alone.

        Args:
            waveforms: mono, at the rate of `spec.front_end`; each [shape=(samples,)], of any length.

        Returns:
            Probabilities [shape=(waveforms, labels)].

        Raises:
            ModelError: the graph does not run, or its outputs are no probabilities.
        """
        lengths = np.array([len(waveform) for waveform in waveforms], dtype=np.int64)
        padded = np.zeros((len(waveforms), int(lengths.max())), dtype=np.float32)
        for row, waveform in zip(padded, waveforms, strict=True):
            row[: len(waveform)] = waveform
        return self.run({"waveform": padded, "lengths": lengths})

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        """Probability of each label, temperature applied.

        Args:
            inputs: by name, those that `takes` names, n rows each.

        Returns:
            Probabilities [shape=(n, labels)].

        Raises:
            ModelError: the graph does not run, or its outputs are no probabilities.
        """
        rows = len(next(array for name, array in inputs.items() if name != "dialogues"))
        try:
            (output,) = self.session.run(["probabilities"], dict(inputs))
        except _CANNOT_RUN as cause:
            reason = str(cause).strip().splitlines()[0]
            raise ModelError(f"does not run: {reason}; {_EXPORT_AGAIN}", file=self.file) from cause
        answer = np.asarray(output, dtype=np.float64)
        expected = (rows, len(self.spec.labels))
        if answer.shape != expected:
            raise ModelError(
                f"gave outputs of shape {answer.shape} where its Spec promises {expected}; {_EXPORT_AGAIN}",
                file=self.file,
            )
        # NaN fails both comparisons.
        if not ((answer >= 0).all() and (abs(answer.sum(axis=1) - 1) < 1e-3).all()):
            raise ModelError(f"gave outputs that are no probabilities; {_EXPORT_AGAIN}", file=self.file)
        return answer


def load_model(path_or_name: str | Path, *, threads: int | None = None) -> Model:
    """Load a model for prediction.

    Args:
        path_or_name: an ONNX file, a model folder, a run folder of `serenade train`, or the name of a
            bundled model.
        threads: threads inside one computation; 1 where the caller runs many at once, None for all cores.

    Raises:
        ModelError: missing, damaged, or not a model of serenade.
    """
    file = _find(path_or_name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what is wrong is said once, by us
    options.inter_op_num_threads = 1
    # Every batch has another width: a plan of memory per width would only grow.
    options.enable_mem_pattern = False
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except _CANNOT_LOAD as cause:
        raise ModelError(f"is not a readable ONNX model; {_EXPORT_AGAIN}", file=file) from cause
    spec = Spec.from_metadata(session.get_modelmeta().custom_metadata_map, file=file)
    inputs = {i.name for i in session.get_inputs()}
    outputs = {o.name for o in session.get_outputs()}
    if not inputs or not inputs <= _KNOWN or "probabilities" not in outputs:
        raise ModelError(
            f"takes {sorted(inputs)} and gives {sorted(outputs)}, where waveform and lengths, or tokens and "
            f"token_lengths, in and probabilities out are needed; {_EXPORT_AGAIN}",
            file=file,
        )
    return Model(file, spec, session)


def bundled_models() -> dict[str, Path]:
    """The ONNX files that came with the package, by name."""
    assets = Path(serenade.__file__).parent / "assets"
    return {file.parent.name: file for file in sorted(assets.glob("*/model.onnx"))}


def default_model() -> Path:
    """The bundled model that answers when none is named.

    Raises:
        ModelError: this version of serenade brings none.
    """
    for file in bundled_models().values():
        return file
    raise ModelError("this version brings no model of its own; name one: --model RUN or --model m.onnx")


def _find(path_or_name: str | Path) -> Path:
    path = Path(path_or_name)
    if path.is_file():
        if path.suffix.lower() in _WEIGHTS:
            raise ModelError("holds weights only; make the ONNX with `serenade export`", file=path)
        return path
    if path.is_dir():
        return _find_in_folder(path)
    bundled = bundled_models()
    if str(path_or_name) in bundled:
        return bundled[str(path_or_name)]
    names = ", ".join(bundled) or "none"
    raise ModelError(f"is no file or folder, nor the name of a bundled model ({names})", file=path)


def _find_in_folder(folder: Path) -> Path:
    for place in (folder, folder / "model"):
        if (place / "model.onnx").is_file():
            return place / "model.onnx"
        if (place / "model.safetensors").is_file():
            raise ModelError(
                f"holds weights only; make the ONNX with `serenade export {folder} --out "
                f"{place / 'model.onnx'}`",
                file=place,
            )
    runs = sorted(found.parents[1].name for found in folder.glob("*/model/model.onnx"))
    if runs:
        raise ModelError(f"holds {len(runs)} runs; name one of them, such as {folder / runs[0]}", file=folder)
    raise ModelError("holds no model.onnx; name a model folder, a run folder or an ONNX file", file=folder)


_EXPORT_AGAIN = "export it again with `serenade export`"
