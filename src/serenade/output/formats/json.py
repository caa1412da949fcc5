"""JSON: one array of predictions, whatever their number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from serenade.inference.prediction import Failure, Prediction
from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.text import valid_unicode


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
    return json.dumps(_valid(result.to_dict()), ensure_ascii=not layout.is_unicode)


def _valid(content: Any) -> Any:
    """The same content without bytes that are not UTF-8, which many JSON readers refuse."""
    if isinstance(content, str):
        return valid_unicode(content)
    if isinstance(content, dict):
        return {key: _valid(value) for key, value in content.items()}
    return [_valid(value) for value in content] if isinstance(content, list) else content


FORMATS.add(
    "json",
    OutputFormat(name="json", about="JSON, one array of predictions", suffixes=(".json",), write=write_json),
)
