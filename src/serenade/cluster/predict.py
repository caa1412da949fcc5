"""Predictions for many recordings on the workers of a cluster."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from serenade.cluster.connection import connected, require_reachable
from serenade.cluster.fetching import CRASHED, Item
from serenade.cluster.files import stamps_of
from serenade.cluster.results import ResultFolder
from serenade.cluster.rows import Counts, Row, count, failed_row, table_of
from serenade.cluster.tasks import map_chunks
from serenade.cluster.worker import PredictSettings, configured, predict_chunk
from serenade.errors import ClusterError
from serenade.files import hash_of
from serenade.inference.load import load_model

PER_CHUNK = 256
"""Recordings of a chunk: what is lost if a worker ends."""

_NAMED = 10
_LAYOUT = 1


@dataclass(frozen=True, kw_only=True)
class ClusterProgress:
    """Progress of a prediction on a cluster.

    Attributes:
        done: recordings that are done, with those of an earlier run.
        total: all recordings.
        chunks: chunks that are done.
        all_chunks: all chunks.
        failed: recordings that could not be predicted.
    """

    done: int
    total: int
    chunks: int
    all_chunks: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class ClusterResult:
    """What a prediction on a cluster did.

    Attributes:
        out: the folder of the results.
        counts: of all chunks.
        earlier: of the chunks of earlier runs.
        chunks: number of chunks.
        seconds: duration of this run.
        failed: the first rows (at most 10) of this run of recordings that could not be predicted.
    """

    out: str
    counts: Counts
    earlier: Counts
    chunks: int
    seconds: float
    failed: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def predict_on_cluster(
    files: Sequence[str],
    out: str,
    *,
    cluster: str,
    model: str | Path | None = None,
    settings: PredictSettings | None = None,
    per_chunk: int = PER_CHUNK,
    overwrite: bool = False,
    progress: Callable[[ClusterProgress], None] | None = None,
) -> ClusterResult:
    """Predict recordings on a cluster and write a folder of Parquet files.

    The predictions are those of `serenade predict` in one process. Each chunk is one file, written once, and
    named by what it is made of. The same call continues an interrupted run.

    Args:
        files: paths that all nodes can read, or URLs such as `s3://bucket/x.wav`.
        out: folder of the results, on this machine or as URL.
        cluster: address of the cluster, see `serenade.cluster.connection.connected`.
        model: as for `load_model`; it is sent to the workers.
        settings: how to predict; `model_sha256` is set here.
        per_chunk: recordings of a chunk.
        overwrite: predict all again.
        progress: called at the start and after every chunk.

    Raises:
        ModelError: the model takes more than sound.
        OutputError: `out` has predictions of another run, or another process writes to it.
        ClusterError: no recordings, no cluster, or a place that cannot be read or written.
    """
    began = time.monotonic()
    if not files:
        raise ClusterError("there is no recording to predict")
    require_reachable(cluster)  # before a folder is made
    loaded = load_model(model)
    onnx = loaded.file.read_bytes()
    content = np.frombuffer(onnx, np.uint8)
    settings = replace(settings or PredictSettings(model_sha256=""), model_sha256=_sha256(onnx))
    used = configured(loaded, settings)
    used.windows(window_s=settings.window_s, hop_s=settings.hop_s, segments=settings.segments)
    made_of = json.loads(
        json.dumps(asdict(settings) | {"recordings_per_chunk": per_chunk, "layout": _LAYOUT})
    )
    chunks = cut_into_chunks(files, made_of, per_chunk=per_chunk)
    folder = ResultFolder(out)
    names = {key: [item.file for item in items] for key, items in chunks.items()}
    with folder.locked():
        done = folder.begin(names, made_of, overwrite=overwrite)
        earlier = sum(done.values(), Counts())
        counts, failed = earlier, list[Row]()
        missing = {key: items for key, items in chunks.items() if key not in done}
        report = progress or (lambda _: None)
        state = {"total": len(files), "all_chunks": len(chunks)}
        report(ClusterProgress(done=counts.recordings, chunks=len(done), failed=counts.failed, **state))
        name = {"name": used.spec.name, "version": used.spec.version, "license": used.spec.license}
        if missing:
            results = map_chunks(predict_chunk, missing, settings, content, gave_up=_gave_up)
            # Closed before the connection: tasks that run are cancelled.
            with connected(cluster), closing(results):
                for finished, (key, rows_of_items) in enumerate(results, start=len(done) + 1):
                    rows = [row for rows in rows_of_items for row in rows]
                    table = table_of(rows, labels=used.labels, model=name)
                    folder.write(key, table)
                    counts += count(table)
                    failed += [row for row in rows if "error" in row][: _NAMED - len(failed)]
                    report(
                        ClusterProgress(
                            done=counts.recordings, chunks=finished, failed=counts.failed, **state
                        )
                    )
        folder.finish(names, made_of, counts)
    return ClusterResult(
        out=out,
        counts=counts,
        earlier=earlier,
        chunks=len(chunks),
        seconds=time.monotonic() - began,
        failed=tuple(failed),
    )


def cut_into_chunks(
    files: Sequence[str], settings: dict[str, Any], *, per_chunk: int
) -> dict[str, list[Item]]:
    """Cut recordings into chunks, in order, by the hash of their content: recordings, model and options.

    Of a recording the hash has name, size and time of change (in an object store its ETag).
    """
    stamps = stamps_of(files)
    chunks = {}
    for first in range(0, len(files), per_chunk):
        some = range(first, min(first + per_chunk, len(files)))
        key = hash_of(
            {"settings": settings, "recordings": [(files[number], stamps[number]) for number in some]}
        )
        chunks[key[:32]] = [Item(files[number], bool(stamps[number])) for number in some]
    return chunks


def _gave_up(item: Item) -> list[Row]:
    return [failed_row(item.file, CRASHED)]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
