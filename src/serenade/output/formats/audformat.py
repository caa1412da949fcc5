"""A table of audformat: CSV indexed by file, start and end (https://audeering.github.io/audformat/)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serenade.inference.prediction import Prediction
from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.output.formats.csv import columns_of, csv_line, row_of
from serenade.text import spreadsheet_text, valid_unicode


def write_audformat(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield the header, then the segments of one recording after the other; failures are left out."""
    columns = columns_of(layout)
    yield csv_line(columns)
    for recording in recordings:
        rows = [row_of(result) | _index_of(result) for result in recording if isinstance(result, Prediction)]
        yield "".join(csv_line([row.get(column, "") for column in columns]) for row in rows)


def _index_of(prediction: Prediction) -> dict[str, str]:
    file = valid_unicode(prediction.file or "")
    if spreadsheet_text(file) != file:
        file = f"./{file}"  # safe in a spreadsheet, and still the path of the file
    return {"file": file, "start": _timedelta(prediction.start), "end": _timedelta(prediction.end)}


def _timedelta(seconds: float) -> str:
    """A time as pandas writes a `Timedelta`.

    >>> _timedelta(3661.25)
    '0 days 01:01:01.250000'
    """
    microseconds = round(seconds * 1e6)
    whole, rest = divmod(microseconds, 1_000_000)
    days, whole = divmod(whole, 86_400)
    text = f"{days} days {whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{text}.{rest:06}" if rest else text


FORMATS.add(
    "audformat",
    OutputFormat(
        name="audformat",
        about="audformat table (CSV)",
        suffixes=(".audformat",),
        write=write_audformat,
        is_resumable=True,
    ),
)
