"""The columns of a manifest: their many names, their values, missing values and times."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pandas as pd

from serenade.corpora.corpus_table import has_hidden, is_missing, strip_blanks
from serenade.corpora.manifest_rows import Rows, read_rows
from serenade.errors import CorpusError
from serenade.text import printable

ALIASES = {
    "file": """
        path filename file_name filepath file_path clip clip_path clip_name audio audio_file audio_filename
        audio_path audiofile wav wav_file wav_path wavfile recording sound sound_file
    """,
    "emotion": """
        label labels emo emotions emotion_label emotion_name emotion_class class class_name classname category
        target
    """,
    "speaker": """
        spk speaker_id speakerid speaker_name spk_id spkid actor actor_id actorid subject subject_id
        participant participant_id
    """,
    "sex": "gender",
    "start": "begin onset start_s start_time start_sec",
    "end": "stop end_s end_time end_sec",
    "language": "lang locale",
    "split": "subset partition set",
    "source": "source_id original",
}
"""Further names of the columns; case, spaces and hyphens do not matter."""

_NAMES = {alias: name for name, aliases in ALIASES.items() for alias in (name, *aliases.split())}
_COUNTED = ("emotion", "speaker", "sex", "language", "split")
_MAX_LENGTHS = {**dict.fromkeys((*ALIASES, "corpus"), 200), "file": 4096, "source": 4096}
"""Most characters of a cell, by column; a longer one shows that a quote is not closed."""
_SECONDS = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_SPAN = re.compile(r"(-?\d+ days? [+-]?)?\d+:\d\d:\d\d([.,]\d+)?|\d+(\.\d+)? ?(ms|s|sec|min)", re.ASCII)
_SHOWN = 40
_LONGEST_S = 1e8
"""Three years; a larger time is no position in a recording."""


def column_name(column: str) -> str:
    """Return the name of a column in the corpus table, by its name in a manifest.

    >>> column_name("Actor-ID"), column_name("Room")
    ('speaker', 'Room')
    """
    name = strip_blanks(unicodedata.normalize("NFKC", column))
    plain = name.strip('"').lower().replace(" ", "_").replace("-", "_")
    return "corpus" if plain == "corpus" else _NAMES.get(plain, name)


def read_columns(file: Path) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    """Read a CSV or TSV file as text, with the columns renamed to those of the corpus table.

    Returns:
        The table, indexed by the line that each row begins on; the original name of each column; and notes on
        what was skipped.

    Raises:
        CorpusError: it is not such a table, has no column of recordings, two columns with one meaning, or a
            cell that cannot be right.
    """
    rows = read_rows(file)
    given = rows.columns
    names = [column_name(column) for column in given]
    for name in names:
        if names.count(name) > 1:
            both = " and ".join(
                f"`{column}`" for column, other in zip(given, names, strict=True) if other == name
            )
            raise CorpusError(f"the columns {both} both mean {name}; rename or remove one", file=file)
    if "file" not in names:
        what = f"has no column that names the recordings (its columns are {', '.join(given)})"
        advice = "rename that column to `file`"
        if len(given) == 1:
            what = f"has one column only ({given[0]})"
            advice = "separate columns by commas, semicolons or tabs, with no quotes around a whole line"
        raise CorpusError(f"{what}; {advice}", file=file)
    _check_cells(rows, names, file)
    table = pd.DataFrame(rows.cells, columns=names, index=rows.lines, dtype=str)
    return table, dict(zip(names, given, strict=True)), rows.notes


def normalise_cells(raw: pd.DataFrame) -> None:
    """Give the known columns one spelling of the same letters, and no spaces at the ends, in place.

    A letter with an accent can be one character or two; these must not be two labels or two people.
    """
    for name in raw.columns.intersection(list(_MAX_LENGTHS)):
        plain = [strip_blanks(value) for value in raw[name]]
        raw[name] = plain if name == "file" else [unicodedata.normalize("NFC", value) for value in plain]
    if "emotion" in raw:
        raw["emotion"] = [" ".join(value.split()) for value in raw["emotion"]]


def missing_values(raw: pd.DataFrame, given: dict[str, str]) -> list[str]:
    """Describe the missing values of the columns that have some, a note each.

    Args:
        raw: of `read_columns`.
        given: original names of the columns.

    >>> missing_values(pd.DataFrame({"emotion": ["joy", "NA", ""]}), {"emotion": "class"})
    ['column `class` (emotion) has no value in 2 of 3 rows: "NA" (1), empty (1)']
    """
    notes = []
    for name in _COUNTED:
        if name not in raw:
            continue
        missing = raw[name][[is_missing(value) for value in raw[name]]]
        if len(missing):
            counts = missing.value_counts(sort=False)
            spelled = ", ".join(
                f'"{value}" ({n})' if value else f"empty ({n})" for value, n in counts.items()
            )
            column = f"`{given[name]}`" + ("" if given[name].lower() == name else f" ({name})")
            notes.append(f"column {column} has no value in {len(missing)} of {len(raw)} rows: {spelled}")
    return notes


def seconds(values: pd.Series[str], column: str, file: Path, *, place: str = "line") -> pd.Series[float]:
    """Return times in seconds; NaN where there is none.

    Args:
        values: numbers of seconds, or time spans such as "0 days 00:00:01.5" (audformat) and "0:01:05";
            indexed by line.
        column: name of the column, for the error.
        file: the manifest, for the error.
        place: what the index counts, for the error.

    Raises:
        CorpusError: a value has another form.
    """
    present = pd.Series([not is_missing(value) for value in values], index=values.index)
    is_number = pd.Series([_SECONDS.fullmatch(value) is not None for value in values], index=values.index)
    numbers = pd.to_numeric(values.where(present & is_number), errors="coerce")
    is_span = pd.Series([_SPAN.fullmatch(value) is not None for value in values], index=values.index)
    spans = values.str.replace(",", ".").where(is_span)
    found = numbers.fillna(pd.to_timedelta(spans, errors="coerce").dt.total_seconds())
    # A number such as 1e999 is infinite.
    bad = present & ~(found.abs() < _LONGEST_S)
    if bad.any():
        shown = printable(values[bad].iloc[0][:_SHOWN])
        raise CorpusError(
            f"{place} {values.index[bad][0]}: the time '{shown}' is neither seconds nor h:mm:ss (column "
            f"`{column}`); write it like 1.5",
            file=file,
        )
    return found


def _check_cells(rows: Rows, names: list[str], file: Path) -> None:
    """Refuse cells of known columns that cannot be right: most come from a quote that is not closed."""
    for position, name in enumerate(names):
        if name not in _MAX_LENGTHS:
            continue
        for line, row in zip(rows.lines, rows.cells, strict=True):
            cell = strip_blanks(row[position])
            # Faster than the checks, which few cells need.
            if cell.isprintable() and len(cell) <= _MAX_LENGTHS[name]:
                continue
            if reason := _problem(cell, name):
                shown = printable(cell[:_SHOWN]) + ("…" if len(cell) > _SHOWN else "")
                raise CorpusError(f"line {line}: the {name} '{shown}' {reason}", file=file)


def _problem(cell: str, name: str) -> str:
    if len(cell) > _MAX_LENGTHS[name]:
        return f"has {len(cell):,} characters; a quote may not be closed"
    if len(re.split(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", cell)) > 1:
        return "contains a line break; a quote may not be closed"
    if name == "emotion" and has_hidden(cell):
        return "contains a control character or an invisible one; remove it"
    return ""
