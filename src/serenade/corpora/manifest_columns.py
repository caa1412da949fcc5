"""The columns of a manifest: their many names, missing values and times."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd

from serenade.corpora.corpus_table import is_missing
from serenade.errors import CorpusError

MANIFEST_SUFFIXES = frozenset({".csv", ".tsv"})

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


def column_name(column: str) -> str:
    """Return the name of a column in the corpus table, by its name in a manifest.

    >>> column_name("Actor-ID"), column_name("Room")
    ('speaker', 'Room')
    """
    plain = column.strip().strip('"').lower().replace(" ", "_").replace("-", "_")
    return _NAMES.get(plain, column.strip())


def names_recordings_and_labels(header: str) -> bool:
    """Whether the first line of a table has a column of recordings and one of labels.

    >>> names_recordings_and_labels("clip;class"), names_recordings_and_labels("clip;room")
    (True, False)
    """
    return {"file", "emotion"} <= {column_name(column) for column in split_header(header)}


def read_columns(file: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a CSV or TSV file as text, with the columns renamed to those of the corpus table.

    Returns:
        The table, and the original name of each column.

    Raises:
        CorpusError: it is not such a table, has no column of recordings, or two columns with one meaning.
    """
    given, rows = _read_rows(file)
    names = [column_name(column) for column in given]
    for name in names:
        if names.count(name) > 1:
            both = " and ".join(
                f"`{column}`" for column, other in zip(given, names, strict=True) if other == name
            )
            raise CorpusError(f"the columns {both} both mean {name}; rename or remove one", file=file)
    if "file" not in names:
        raise CorpusError(
            f"has no column that names the recordings (its columns are {', '.join(given)}); "
            "rename that column to `file`",
            file=file,
        )
    return pd.DataFrame(rows, columns=names, dtype=str), dict(zip(names, given, strict=True))


def _read_rows(file: Path) -> tuple[list[str], list[list[str]]]:
    """The columns of a table, and its rows, each with a cell per column."""
    try:
        header = header_of(file)
        with file.open(encoding="utf-8-sig", newline="") as source:
            lines = csv.reader(source, delimiter=max(",;\t", key=header.count))
            numbered = [(lines.line_num, [cell.strip() for cell in line]) for line in lines]
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise CorpusError(
            f"cannot be read as a CSV or TSV table ({cause}); save it as CSV in UTF-8", file=file
        ) from cause
    if not numbered:
        raise CorpusError("is empty; write a header line and a line per recording", file=file)
    (_, columns), *rest = numbered
    for number, line in rest:
        if any(line[len(columns) :]):
            raise CorpusError(
                f"line {number} has {len(line)} cells, and the header {len(columns)}; put cells that contain "
                "the separator in quotes",
                file=file,
            )
    width = len(columns)
    return columns, [[*line, *[""] * width][:width] for _, line in rest if any(line)]


def tables_in(folder: Path) -> list[Path]:
    """Return the CSV and TSV files of a folder, sorted."""
    return sorted(
        file for file in folder.iterdir() if file.suffix.lower() in MANIFEST_SUFFIXES and file.is_file()
    )


def split_header(header: str) -> list[str]:
    """Return the columns of the first line of a CSV or TSV file."""
    return [column.strip().strip('"') for column in re.split("[,;\t]", header.strip())]


def header_of(file: Path) -> str:
    """Return the first line of a text file."""
    with file.open(encoding="utf-8-sig", errors="replace") as source:
        return source.readline(10_000)


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


def seconds(values: pd.Series[str], file: Path) -> pd.Series[float]:
    """Return times in seconds; NaN where there is none.

    Args:
        values: numbers of seconds, or time spans such as "0 days 00:00:01.5" (audformat) and "0:01:05".
        file: the manifest, for the error.

    Raises:
        CorpusError: a value has another form.
    """
    present = pd.Series([not is_missing(value) for value in values], index=values.index)
    numbers = pd.to_numeric(values.where(present), errors="coerce")
    spans = pd.to_timedelta(values.where(present & numbers.isna()), errors="coerce").dt.total_seconds()
    found = numbers.fillna(spans)
    if (bad := present & found.isna()).any():
        raise CorpusError(f"the time {values[bad].iloc[0]!r} is neither seconds nor h:mm:ss", file=file)
    return found
