"""JSON: one array of predictions, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serenade.inference.prediction import Failure, Prediction
from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.text import json_text


def write_json(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield the array, one line per prediction or failure."""
    separator = "[\n"
    for recording in recordings:
        for result in recording:
            yield separator + json_object(result, layout)
            separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def json_object(result: Prediction | Failure, layout: Layout) -> str:
    """Return a prediction or a failure as a JSON object on one line."""
    return json_text(result.to_dict(), encoding=layout.encoding)


FORMATS.add(
    "json",
    OutputFormat(name="json", about="JSON, one array of predictions", suffixes=(".json",), write=write_json),
)
