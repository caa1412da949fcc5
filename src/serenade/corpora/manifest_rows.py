"""The rows of a manifest: encoding, separator and quotes of a CSV or TSV file, and the line of each row."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from serenade.corpora.corpus_table import CLIP_SUFFIXES, strip_blanks
from serenade.errors import CorpusError
from serenade.text import counted, printable

MANIFEST_SUFFIXES = frozenset({".csv", ".tsv"})

_SEPARATORS = ",;\t"
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?', re.IGNORECASE)
"""First line that Excel writes and reads to state the separator."""
_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The content of a table as text.

    Attributes:
        columns: names of the columns.
        cells: the rows, each with a cell per column.
        lines: the line of the file that each row begins on, from 1.
        notes: remarks on what was skipped.
    """

    columns: list[str]
    cells: list[list[str]]
    lines: list[int]
    notes: list[str]


def read_rows(file: Path) -> Rows:
    """Read a CSV or TSV file in UTF-8.

    Blank rows, repeated header lines and columns without a name are skipped.

    Raises:
        CorpusError: it is empty, in another encoding, a quote is not closed, or a row has too many cells; the
            message names the line.
    """
    try:
        data = file.read_bytes()
    except OSError as cause:
        raise CorpusError(f"cannot be read ({cause.strerror})", file=file) from cause
    text = _decoded(data, file)
    separator, skipped = _separator_of(text)
    numbered = [(line, row) for line, row in _parsed(text, separator, file) if any(row)]
    if skipped:
        numbered = numbered[1:]
    if not numbered:
        raise CorpusError("is empty; write a header line and a line per recording", file=file)
    (_, columns), *rest = numbered
    columns = [strip_blanks(name) for name in columns]
    _check_widths(rest, columns, file)
    rows = [(line, [*row, *[""] * len(columns)][: len(columns)]) for line, row in rest]
    header = [name.casefold() for name in columns]
    data_rows = [
        (line, row) for line, row in rows if [strip_blanks(cell).casefold() for cell in row] != header
    ]
    notes = []
    if repeated := len(rows) - len(data_rows):
        notes.append(f"{counted(repeated, 'repeated header line')}: skipped")
    named = [number for number, name in enumerate(columns) if name]
    unnamed = [number for number, name in enumerate(columns) if not name]
    if with_values := sum(any(row[number] for _, row in data_rows) for number in unnamed):
        notes.append(f"{counted(with_values, 'column')} without a name: skipped")
    _check_swallowed(data_rows, columns, separator, file)
    return Rows(
        columns=[columns[number] for number in named],
        cells=[[row[number] for number in named] for _, row in data_rows],
        lines=[line for line, _ in data_rows],
        notes=notes,
    )


def header_of(file: Path) -> list[str]:
    """Return the columns of the first line of a CSV or TSV file; none if it is unreadable."""
    try:
        with file.open("rb") as source:
            data = source.read(20_000)
    except OSError:
        return []
    encoding = _wide_encoding(data) or "utf-8-sig"
    text = data.decode(encoding, errors="replace").lstrip("\ufeff")
    separator, skipped = _separator_of(text)
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    header = "".join(lines[skipped : skipped + 1])
    return [strip_blanks(strip_blanks(column).strip('"')) for column in header.split(separator)]


def tables_in(folder: Path) -> list[Path]:
    """Return the CSV and TSV files of a folder, sorted."""
    return sorted(
        file for file in folder.iterdir() if file.suffix.lower() in MANIFEST_SUFFIXES and file.is_file()
    )


def _decoded(data: bytes, file: Path) -> str:
    if encoding := _wide_encoding(data):
        raise CorpusError(f"is {encoding.upper()} text, not UTF-8; save it as CSV in UTF-8", file=file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = data.count(b"\n", 0, cause.start) + 1
        raise CorpusError(
            f"line {line} is not UTF-8 (byte 0x{data[cause.start]:02x}); save it as CSV in UTF-8", file=file
        ) from cause
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CorpusError(f"line {line} has a NUL character; save it as CSV in UTF-8", file=file)
    return text


def _wide_encoding(data: bytes) -> str:
    """The encoding of text with two or four bytes per character, with or without a BOM; "" for other text.

    >>> [_wide_encoding("file,emotion".encode(name)) for name in ("utf-16", "utf-16-be", "utf-8")]
    ['utf-16', 'utf-16-be', '']
    """
    for bom, name in _BOMS.items():
        if data.startswith(bom):
            return name.lower()
    head = data[:200]
    zeros = [head[place::4].count(0) > len(head) / 8 for place in range(4)]
    found = {(False, True, False, True): "utf-16-le", (True, False, True, False): "utf-16-be"}
    found |= {(False, True, True, True): "utf-32-le", (True, True, True, False): "utf-32-be"}
    return found.get((zeros[0], zeros[1], zeros[2], zeros[3]), "")


def _separator_of(text: str) -> tuple[str, bool]:
    """The separator of a table, and whether its first line does nothing but state it."""
    first = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0]
    if stated := _SEPARATOR_LINE.fullmatch(first.strip(" ")):
        return stated[1], True
    return max(_SEPARATORS, key=first.count), False


def _parsed(text: str, separator: str, file: Path) -> list[tuple[int, list[str]]]:
    """The rows with the line that each begins on."""
    try:
        return _strictly_parsed(text, separator, file)
    except CorpusError:
        # Spaces between a closing quote and the separator are no reason to refuse a table.
        closer = re.sub(rf'" +(?=[{separator}\r\n]|$)', '"', text)
        if closer == text:
            raise
        return _strictly_parsed(closer, separator, file)


def _strictly_parsed(text: str, separator: str, file: Path) -> list[tuple[int, list[str]]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    numbered = []
    line = 1
    try:
        for row in rows:
            numbered.append((line, [cell.strip() for cell in row]))
            line = rows.line_num + 1
    except csv.Error as cause:
        reason = str(cause)
        if "field limit" in reason:
            found = (
                f"has a cell of more than {csv.field_size_limit():,} characters; a quote may not be closed"
            )
        elif "unexpected end" in reason:
            found = "has a quote that is never closed; close it, or remove it"
        elif "expected after" in reason:
            found = (
                "has text after a closing quote; close every quote, and write a quote inside a cell as two "
                'quotes ("")'
            )
        else:
            found = f"cannot be read as a row of a CSV or TSV table ({reason})"
        raise CorpusError(f"line {line} {found}", file=file) from cause
    return numbered


def _check_widths(rows: list[tuple[int, list[str]]], columns: list[str], file: Path) -> None:
    width = len(columns)
    for line, row in rows:
        if width == 1 and any(row[1:]):
            raise CorpusError(
                f"line {line} has {len(row)} cells, and the header 1 ({printable(columns[0][:_SHOWN])}); "
                "name all columns in the first line, and put cells that contain the separator in quotes",
                file=file,
            )
        if any(row[width:]):
            raise CorpusError(
                f"line {line} has {len(row)} cells, and the header {width}; put cells that contain "
                "the separator in quotes",
                file=file,
            )
        separators = 0 if any(row[1:]) else max(map(row[0].count, _SEPARATORS))
        if separators >= width - 1 > 0 and Path(row[0]).suffix.lower() not in CLIP_SUFFIXES:
            raise CorpusError(
                f"line {line} is one cell ({printable(row[0][:_SHOWN])}), and the header has {width}; use "
                "the same separator in all lines, and no quotes around a whole line",
                file=file,
            )


def _check_swallowed(
    rows: list[tuple[int, list[str]]], columns: list[str], separator: str, file: Path
) -> None:
    """Refuse a cell that contains a whole row: its quote was closed by that of a later row."""
    for line, row in rows:
        for name, cell in zip(columns, row, strict=True):
            if "\n" not in cell and "\r" not in cell:
                continue
            for later in re.split(r"[\r\n]+", cell)[1:]:
                parts = [Path(strip_blanks(part).strip('"')) for part in later.split(separator)]
                if len(parts) > 1 and any(part.suffix.lower() in CLIP_SUFFIXES for part in parts):
                    raise CorpusError(
                        f"line {line}: the cell in column `{name}` contains a further row "
                        f"({printable(later[:_SHOWN])}); a quote is not closed",
                        file=file,
                    )
