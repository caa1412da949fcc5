"""What a worker of a cluster runs to predict: one chunk of recordings, on one thread."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serenade.cluster.files import fetch, is_remote
from serenade.cluster.rows import Row, failed_row, rows_of
from serenade.errors import ClusterError
from serenade.inference.load import load_model
from serenade.inference.model import Model
from serenade.inference.parallel import map_in_order
from serenade.inference.prediction import Failure, Prediction
from serenade.inference.smoothing import smoothed
from serenade.inference.windows import Segments
from serenade.version import __version__

_FETCHED_AHEAD = 2
"""Threads that fetch remote recordings while others are predicted."""


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


@dataclass(frozen=True)
class Item:
    """A recording of a chunk.

    Attributes:
        file: its path or URL.
        exists: whether the machine that started the run found it.
    """

    file: str
    exists: bool


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
    if settings.version != __version__:
        raise ClusterError(
            f"a worker has serenade {__version__}, and this machine {settings.version}; install the same "
            "version on every node"
        )
    model = configured(_model(settings.model_sha256, onnx), settings)
    with tempfile.TemporaryDirectory(prefix="serenade-") as folder:

        def fetched(item: Item, _: object) -> Path | str:
            return _fetched(item, Path(folder))

        media = map_in_order(fetched, items, jobs=_FETCHED_AHEAD if _has_remote(items) else 1)
        return [list(_rows(model, item, path, settings)) for item, path in zip(items, media, strict=True)]


def configured(model: Model, settings: PredictSettings) -> Model:
    """The model with the labels and the threshold of the settings."""
    model = model.restricted_to(settings.labels)
    return model if settings.precision is None else model.with_precision(settings.precision)


def _model(sha256: str, onnx: npt.NDArray[np.uint8]) -> Model:
    if sha256 not in _loaded:
        _loaded.clear()
        with tempfile.TemporaryDirectory(prefix="serenade-") as folder:
            file = Path(folder) / "model.onnx"
            file.write_bytes(onnx.data)
            _loaded[sha256] = load_model(file)
    return _loaded[sha256]


def _has_remote(items: Sequence[Item]) -> bool:
    return any(is_remote(item.file) for item in items)


def _fetched(item: Item, folder: Path) -> Path | str:
    """A recording on this machine, or why there is none."""
    if not is_remote(item.file):
        if item.exists and not os.path.lexists(item.file):
            raise ClusterError(
                "is not on every node; put the recordings into a folder that all nodes share, or into an "
                "object store (s3://…)",
                file=item.file,
            )
        return Path(item.file)
    handle, name = tempfile.mkstemp(dir=folder, suffix=os.path.splitext(item.file)[1])
    os.close(handle)
    try:
        fetch(item.file, Path(name))
    except FileNotFoundError:
        return "there is no such file; check the path"
    except PermissionError:
        return "cannot be read: access is denied; check the permissions"
    return Path(name)


def _rows(model: Model, item: Item, media: Path | str, settings: PredictSettings) -> Iterator[Row]:
    """The rows of one recording, by the same functions as in one process."""
    if isinstance(media, str):
        yield failed_row(item.file, media)
        return
    results: Sequence[Prediction | Failure]
    if settings.timeline:
        (results,) = model.timeline_files(
            [media],
            window_s=settings.window_s,
            hop_s=settings.hop_s,
            segments=settings.segments,
            track=settings.track,
        )
        predictions = [result for result in results if isinstance(result, Prediction)]
        if settings.smooth and predictions:
            results = smoothed(predictions, unsure_below=model.spec.unsure_below)
    else:
        results = list(model.predict_files([media], track=settings.track))
    yield from rows_of(results, file=item.file)
    if is_remote(item.file):
        with suppress(OSError):
            media.unlink()
