"""What an output format is, and the registry of all formats.

A format is one module in `serenade.output.formats` that adds an `OutputFormat` to `FORMATS`. The command's
`--format`, the choice by file suffix, `serenade list formats` and the tests of every format follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from serenade.errors import OutputError
from serenade.files import is_stream
from serenade.inference.prediction import Failure, Prediction
from serenade.registry import Registry

Recording = Sequence[Prediction | Failure]
"""What a model predicts for one recording: one prediction, the segments of a timeline, or one failure."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a format needs to know before the first prediction.

    Attributes:
        labels: emotions that the model knows, in the order of its columns.
        files: names of all recordings that will be written, in order.
        is_timeline: predictions are segments of a timeline.
        has_speakers: predictions have the names of speakers.
        width: columns of the terminal; None for no limit.
        encoding: of the file or terminal.
    """

    labels: Sequence[str]
    files: Sequence[str] = ()
    is_timeline: bool = False
    has_speakers: bool = False
    width: int | None = None
    encoding: str = "utf-8"


Write = Callable[[Iterable[Recording], Layout], Iterator[str]]
"""Yields the text of a file bit by bit, while predictions arrive."""


@dataclass(frozen=True, kw_only=True)
class OutputFormat:
    """A way to write predictions.

    Attributes:
        name: the value of `--format`.
        about: description in a few words.
        suffixes: endings of file names that mean this format.
        write: yields the text.
        is_timeline: it only makes sense with a timeline.
        is_per_recording: it does not say which recording it is about, so each recording has its own file.
        is_resumable: what is written for one recording does not depend on the others, so an interrupted file
            can be continued.
    """

    name: str
    about: str
    suffixes: tuple[str, ...]
    write: Write
    is_timeline: bool = False
    is_per_recording: bool = False
    is_resumable: bool = False


FORMATS: Registry[OutputFormat] = Registry(
    "output format", packages=["serenade.output.formats"], error=OutputError
)
"""All output formats by name."""

DEFAULT_FORMAT = "table"
"""The format of a terminal, and of a device or pipe whose name has no suffix."""


def list_formats() -> list[str]:
    """Return the names of the output formats; `FORMATS` has the entries.

    >>> [name for name in list_formats() if FORMATS[name].is_per_recording]
    ['audacity', 'elan', 'srt', 'textgrid', 'vtt']
    """
    return list(FORMATS)


def known_suffixes() -> dict[str, OutputFormat]:
    """Return the formats by the suffixes of file names, in lower case.

    >>> known_suffixes()[".txt"].name
    'table'
    """
    return {suffix.lower(): format for format in FORMATS.entries() for suffix in format.suffixes}


def format_of(out: str | Path | None, name: str | None = None) -> OutputFormat:
    """Return the format that is named, or else the one that the suffix of the output means.

    Args:
        out: the output file; None for stdout.
        name: the name of a format.

    Raises:
        OutputError: there is no such format, or the suffix means none.

    >>> format_of("calls.jsonl").name, format_of(None).name, format_of("calls.csv", "audformat").name
    ('jsonl', 'table', 'audformat')
    >>> format_of("calls.xlsx")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    serenade.errors.OutputError: calls.xlsx: no output format has the suffix '.xlsx'; use one of .audformat...
    """
    if name is not None:
        return FORMATS[name]
    if out is None:
        return FORMATS[DEFAULT_FORMAT]
    known = known_suffixes()
    suffix = Path(out).suffix.lower()
    if suffix in known:
        return known[suffix]
    if is_stream(out):
        return FORMATS[DEFAULT_FORMAT]
    if Path(out).is_dir():
        each = ", ".join(format.name for format in FORMATS.entries() if format.is_per_recording)
        raise OutputError(
            f"is a folder; name a file with --out, or choose a format of one file per recording ({each}) "
            "with --format",
            file=out,
        )
    wrong = f"no output format has the suffix {suffix!r}" if suffix else "has no suffix that says the format"
    raise OutputError(f"{wrong}; use one of {', '.join(sorted(known))}, or choose with --format", file=out)
