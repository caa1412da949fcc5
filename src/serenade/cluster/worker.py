"""What a worker of a cluster runs to predict: one chunk of recordings, on one thread."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serenade.cluster.fetching import Fetched, Item, require_same_version
from serenade.cluster.rows import Row, failed_row, rows_of
from serenade.folders import ModelFolder
from serenade.inference.load import load_model
from serenade.inference.model import Model
from serenade.inference.prediction import Failure, Prediction
from serenade.inference.smoothing import smoothed
from serenade.inference.windows import Segments
from serenade.version import __version__


@dataclass(frozen=True, kw_only=True)
class PredictSettings:
    """How to predict; the options of `serenade predict`.

    Attributes:
        model_sha256: SHA-256 of the model's file.
        labels: labels that predictions are restricted to; None for all.
        precision: see `Model.with_precision`; None for the model's threshold.
        timeline: a prediction per segment.
        window_s: as in `Model.timeline`.
        hop_s: as in `Model.timeline`.
        segments: as in `Model.timeline`.
        smooth: smooth the timeline.
        track: number of the audio track; None for the first that is not silent.
        version: version of serenade.
    """

    model_sha256: str
    labels: tuple[str, ...] | None = None
    precision: float | None = None
    timeline: bool = False
    window_s: float | None = None
    hop_s: float | None = None
    segments: Segments = "windows"
    smooth: bool = False
    track: int | None = None
    version: str = __version__


_loaded: dict[str, Model] = {}
"""The model of this worker process, by its SHA-256; it serves all chunks."""


def predict_chunk(
    items: Sequence[Item], settings: PredictSettings, onnx: npt.NDArray[np.uint8]
) -> list[list[Row]]:
    """Predict the recordings of a chunk.

    Args:
        items: the recordings.
        settings: how to predict.
        onnx: the model's file.

    Returns:
        The rows of each recording.

    Raises:
        ClusterError: this machine has another version of serenade, lacks a file that the other machine has,
            or cannot use the object store.
    """
    require_same_version(settings.version)
    model = configured(_model(settings.model_sha256, onnx), settings)
    with Fetched(items) as fetched:
        return [
            list(_rows(model, file, path, settings))
            if isinstance(path, Path)
            else [failed_row(file, path.message)]
            for file, path in fetched.each_once()
        ]


def configured(model: Model, settings: PredictSettings) -> Model:
    """The model with the labels and the threshold of the settings."""
    model = model.restricted_to(settings.labels)
    return model if settings.precision is None else model.with_precision(settings.precision)


def _model(sha256: str, onnx: npt.NDArray[np.uint8]) -> Model:
    if sha256 not in _loaded:
        _loaded.clear()
        with tempfile.TemporaryDirectory(prefix="serenade-") as folder:
            file = ModelFolder(Path(folder)).onnx
            file.write_bytes(onnx.data)
            _loaded[sha256] = load_model(file)
    return _loaded[sha256]


def _rows(model: Model, file: str, path: Path, settings: PredictSettings) -> Iterator[Row]:
    """The rows of one recording, by the same functions as in one process."""
    results: Sequence[Prediction | Failure]
    if settings.timeline:
        (results,) = model.timeline_files(
            [path],
            window_s=settings.window_s,
            hop_s=settings.hop_s,
            segments=settings.segments,
            track=settings.track,
        )
        predictions = [result for result in results if isinstance(result, Prediction)]
        if settings.smooth and predictions:
            results = smoothed(predictions, unsure_below=model.spec.unsure_below)
    else:
        results = list(model.predict_files([path], track=settings.track))
    yield from rows_of(results, file=file)
