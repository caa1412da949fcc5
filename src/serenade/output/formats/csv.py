"""CSV with one row per prediction and one column per label.

Cells of text that a spreadsheet would run as a formula begin with an apostrophe (`spreadsheet_text`); numbers
stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from serenade.inference.prediction import DIGITS, Failure, Prediction
from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.text import spreadsheet_text, valid_unicode


def write_csv(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield the header, then the rows of one recording after the other."""
    columns = [*columns_of(layout), "error"]
    yield csv_line(columns)
    for recording in recordings:
        yield "".join(
            csv_line([row_of(result).get(column, "") for column in columns]) for result in recording
        )


def columns_of(layout: Layout) -> list[str]:
    """Return the names of the columns that describe a prediction."""
    speaker = ["speaker"] if layout.has_speakers else []
    scores = (f"score_{name}" for name in layout.labels)
    return ["file", "start", "end", *speaker, "emotion", "confidence", "state", *scores]


def row_of(result: Prediction | Failure) -> dict[str, str]:
    """Return the cells of a prediction or a failure by column; an absent column is an empty cell."""
    file = spreadsheet_text(valid_unicode(result.file or ""))
    if isinstance(result, Failure):
        message = spreadsheet_text(valid_unicode(result.error.message))
        return {"file": file, "state": "error", "error": message}
    content = result.to_dict()
    scores = {f"score_{entry['label']}": f"{entry['score']:.{DIGITS}f}" for entry in content["scores"]}
    return {
        "file": file,
        "start": str(content["start"]),
        "end": str(content["end"]),
        "speaker": spreadsheet_text(valid_unicode(result.speaker or "")),
        "emotion": spreadsheet_text(content["emotion"] or ""),
        "confidence": "" if content["confidence"] is None else f"{content['confidence']:.{DIGITS}f}",
        "state": content["state"],
        **scores,
    }


def csv_line(cells: Iterable[str]) -> str:
    """Return one line of a CSV file."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


FORMATS.add(
    "csv",
    OutputFormat(
        name="csv",
        about="CSV, one row per prediction",
        suffixes=(".csv",),
        write=write_csv,
        is_resumable=True,
    ),
)
