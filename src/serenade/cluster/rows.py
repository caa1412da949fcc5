"""Predictions as rows of a Parquet file, and the counts of such a file."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serenade.inference.prediction import Failure, Prediction
from serenade.text import valid_unicode

COUNTS = b"serenade.counts"
"""Key of the counts in the metadata of a file."""

MODEL = b"serenade.model"
"""Key of name, version and licence of the model."""

ERROR = "error"
"""State of a recording that could not be predicted; the column `error` has the reason."""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a chunk, or several of them, contain.

    Attributes:
        recordings: number of recordings.
        rows: number of rows: predictions, and recordings that could not be predicted.
        failed: recordings that could not be predicted.
        unsure: predictions below the confidence threshold.
        no_speech: predictions without speech.
        warned: predictions with a warning.
        sound_s: seconds that the predictions are about.
    """

    recordings: int = 0
    rows: int = 0
    failed: int = 0
    unsure: int = 0
    no_speech: int = 0
    warned: int = 0
    sound_s: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        """The counts of both."""
        mine, others = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + others[name] for name in mine})

    def to_dict(self) -> dict[str, Any]:
        """The counts by name."""
        return asdict(self)


def rows_of(results: Sequence[Prediction | Failure], *, file: str) -> list[Row]:
    """The rows of one recording: a prediction, the segments of a timeline, or a failure."""
    return [_row(result, valid_unicode(file)) for result in results]


def failed_row(file: str, message: str) -> Row:
    """The row of a recording that could not be predicted."""
    return {"file": valid_unicode(file), "state": ERROR, "error": valid_unicode(message)}


def _row(result: Prediction | Failure, file: str) -> Row:
    if isinstance(result, Failure):
        return failed_row(file, result.error.message)
    content = result.to_dict()
    quality = content["quality"]
    return {
        "file": file,
        "start": content["start"],
        "end": content["end"],
        "emotion": content["emotion"],
        "confidence": content["confidence"],
        "state": content["state"],
        **{f"score_{entry['label']}": entry["score"] for entry in content["scores"]},
        **{name: quality[name] for name in _QUALITY},
        "warnings": "; ".join(quality.get("warnings", ())),
        "domain_distance": content.get("domain_distance"),
    }


_QUALITY = {
    "duration_s": pa.float64(),
    "speech_ratio": pa.float64(),
    "level_dbfs": pa.float64(),
    "clipped": pa.bool_(),
    "resampled_from_hz": pa.int64(),
}


def table_of(rows: Sequence[Row], *, labels: Sequence[str], model: Mapping[str, str]) -> pa.Table:
    """The rows of a chunk as a table, with its counts in the metadata."""
    columns = {
        "file": pa.string(),
        "start": pa.float64(),
        "end": pa.float64(),
        "emotion": pa.string(),
        "confidence": pa.float64(),
        "state": pa.string(),
        **{f"score_{label}": pa.float64() for label in labels},
        **_QUALITY,
        "warnings": pa.string(),
        "domain_distance": pa.float64(),
        "error": pa.string(),
    }
    table = pa.Table.from_pylist(list(rows), schema=pa.schema(list(columns.items())))
    metadata = {COUNTS: json.dumps(count(table).to_dict()), MODEL: json.dumps(dict(model))}
    return table.replace_schema_metadata(metadata)


def count(table: pa.Table) -> Counts:
    """Count what a table contains."""
    state = table.column("state")
    sound_s = pc.sum(pc.subtract(table.column("end"), table.column("start"))).as_py()
    return Counts(
        recordings=pc.count_distinct(table.column("file")).as_py(),
        rows=table.num_rows,
        failed=_times(state, ERROR),
        unsure=_times(state, "unsure"),
        no_speech=_times(state, "no_speech"),
        warned=pc.sum(pc.greater(pc.utf8_length(table.column("warnings")), 0)).as_py() or 0,
        sound_s=round(sound_s or 0.0, 3),
    )


def _times(state: pa.ChunkedArray, value: str) -> int:
    return int(pc.sum(pc.equal(state, value)).as_py() or 0)


def to_parquet(table: pa.Table) -> bytes:
    """The content of a Parquet file."""
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def read_counts(file: IO[bytes]) -> Counts | None:
    """The counts of a Parquet file of ours; None if it is damaged or another file."""
    try:
        metadata = pq.read_schema(file).metadata or {}
        counts = json.loads(metadata[COUNTS])
        return Counts(**{field.name: counts[field.name] for field in fields(Counts)})
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):
        return None
