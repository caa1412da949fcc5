"""JSON Lines: one JSON object per prediction and line (https://jsonlines.org)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.output.formats.json import json_object


def write_jsonl(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield the lines of one recording after the other."""
    for recording in recordings:
        yield "".join(json_object(result, layout) + "\n" for result in recording)


FORMATS.add(
    "jsonl",
    OutputFormat(
        name="jsonl",
        about="JSON Lines, one object per prediction",
        suffixes=(".jsonl", ".ndjson"),
        write=write_jsonl,
        is_resumable=True,
    ),
)
