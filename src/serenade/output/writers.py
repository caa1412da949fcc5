"""Answers as text: a table to read, CSV, JSON, JSON lines, audformat.

A writer takes the answers recording by recording, each a list (one answer, or a timeline, or the failure),
and yields text as they come, so that a long run can be followed and piped.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from serenade.inference.prediction import DIGITS, Failure, Prediction
from serenade.output.captions import rttm, srt, textgrid, vtt

Result = Prediction | Failure
Recording = Sequence[Result]
"""All that is said about one recording."""

_Writer = Callable[[Iterable[Recording], Sequence[str]], Iterator[str]]


def write(format: str, recordings: Iterable[Recording], *, labels: Sequence[str]) -> Iterator[str]:
    """Write answers in one of `FORMATS`.

    Args:
        format: a key of `FORMATS`.
        recordings: the answers, recording by recording.
        labels: emotions that the model knows, for the columns.

    Yields:
        Text: one piece a recording, and a head or tail where the format has one.
    """
    return FORMATS[format](recordings, labels)


def csv_columns(labels: Sequence[str]) -> list[str]:
    """Column names of the CSV."""
    scores = [f"score_{label}" for label in labels]
    return ["file", "start", "end", "emotion", "confidence", "state", *scores, "error"]


def csv_rows(recording: Recording, labels: Sequence[str]) -> str:
    """Lines of the CSV for one recording."""
    return "".join(_csv_line(_row(result, labels), csv_columns(labels)) for result in recording)


def json_lines(recording: Recording) -> str:
    """JSON lines for one recording."""
    return "".join(json.dumps(result.to_dict(), ensure_ascii=False) + "\n" for result in recording)


def _csv(recordings: Iterable[Recording], labels: Sequence[str]) -> Iterator[str]:
    columns = csv_columns(labels)
    yield _csv_line(dict(zip(columns, columns, strict=True)), columns)
    for recording in recordings:
        yield csv_rows(recording, labels)


def _jsonl(recordings: Iterable[Recording], labels: Sequence[str]) -> Iterator[str]:
    yield from map(json_lines, recordings)


def _json(recordings: Iterable[Recording], labels: Sequence[str]) -> Iterator[str]:
    """One array, also for one recording: what reads it need not ask how many there were."""
    mark = "[\n"
    for recording in recordings:
        for result in recording:
            yield mark + json.dumps(result.to_dict(), ensure_ascii=False)
            mark = ",\n"
    yield "[]\n" if mark == "[\n" else "\n]\n"


def _audformat(recordings: Iterable[Recording], labels: Sequence[str]) -> Iterator[str]:
    """A table of audformat: indexed by (file, start, end), times as pandas writes a Timedelta."""
    scores = [f"score_{label}" for label in labels]
    columns = ["file", "start", "end", "emotion", "confidence", "state", *scores]
    yield _csv_line(dict(zip(columns, columns, strict=True)), columns)
    for recording in recordings:
        for result in recording:
            if isinstance(result, Prediction):
                times = {"start": _timedelta(result.start), "end": _timedelta(result.end)}
                yield _csv_line(_row(result, labels) | times, columns)


def _row(result: Result, labels: Sequence[str]) -> dict[str, Any]:
    if isinstance(result, Failure):
        return {"file": result.file, "state": "error", "error": result.error.message}
    content = result.to_dict()
    scores = {f"score_{entry['label']}": f"{entry['score']:.{DIGITS}f}" for entry in content["scores"]}
    return {
        **{key: content[key] for key in ("file", "start", "end", "emotion", "state")},
        "confidence": "" if content["confidence"] is None else f"{content['confidence']:.{DIGITS}f}",
        **scores,
    }


def _csv_line(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row.get(column, "") for column in columns)
    return line.getvalue()


def _timedelta(seconds: float) -> str:
    microseconds = round(seconds * 1e6)
    whole, rest = divmod(microseconds, 1_000_000)
    days, whole = divmod(whole, 86_400)
    text = f"{days} days {whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{text}.{rest:06}" if rest else text


FORMATS: dict[str, _Writer] = {
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
    "vtt": vtt,
    "srt": srt,
    "rttm": rttm,
    "textgrid": textgrid,
    "audformat": _audformat,
}
"""Writers by name; the table for people is `serenade.output.table`."""

OVER_TIME = ("vtt", "srt", "rttm", "textgrid")
"""Formats that only make sense with a timeline."""

ONE_RECORDING = ("vtt", "srt", "textgrid")
"""Formats that do not say which recording they are about: a file each."""
