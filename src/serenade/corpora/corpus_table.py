"""The corpus table: its columns, and how it is built from rows."""

from __future__ import annotations

import os
import string
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from serenade.audio.discovery import SUFFIXES
from serenade.errors import CorpusError
from serenade.labels import canonical, map_labels
from serenade.text import printable, valid_unicode

COLUMNS = ("file", "start", "end", "emotion", "speaker", "sex", "language", "corpus", "split", "source")
"""Columns of every corpus table, in this order; further columns follow.

- file: path of the recording, or of a spectrogram (`.npy`).
- start, end: in seconds; NaN means the whole file.
- emotion: canonical name or a label of the corpus's own; "" for none.
- speaker: unique within the corpus; "" if unknown.
- sex: "male", "female" or "" if unknown.
- language: ISO 639-1 code, or "" if unknown.
- split: the part that the corpus itself assigns the row to, or "".
- source: the original clip of this row (for an augmented copy, the clip that it is a copy of); never shared
  between the parts of a split.

Soft labels are columns `emotion_<name>` with probabilities from 0 to 1.
"""

PART_NAMES = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "devel": "dev",
    "development": "dev",
    "valid": "dev",
    "validation": "dev",
    "val": "dev",
    "test": "test",
    "testing": "test",
}
"""Spellings of the parts in tables and folder names."""

MISSING = frozenset(
    {"", "na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "none", "<none>", "null", "nil"}
    | {"-", "--", "\N{EN DASH}", "\N{EM DASH}", "?", "unknown", "undefined", "missing"}
)
"""Spellings of a missing value, in lower case."""

_BLANKS = string.whitespace + "\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"
_JOINERS = "\u200c\u200d"  # parts of words in Persian or Hindi
_SHOWN = 40
_SEXES = {"m": "male", "male": "male", "man": "male", "f": "female", "female": "female", "w": "female"}
_SEXES |= {"woman": "female"}
CLIP_SUFFIXES = SUFFIXES | {".npy"}
"""Suffixes of recordings and spectrograms, in lower case."""


def strip_blanks(text: str) -> str:
    r"""Return a text without spaces at both ends, those without width included.

    >>> strip_blanks("\N{NO-BREAK SPACE}anger\N{ZERO WIDTH SPACE}")
    'anger'
    """
    return text.strip(_BLANKS).strip()


def is_missing(value: object) -> bool:
    """Whether a cell of a table has no value.

    >>> [is_missing(value) for value in (None, float("nan"), " N/A ", "nan", "anna")]
    [True, True, True, True, False]
    """
    return value is None or value is pd.NA or value != value or strip_blanks(str(value)).lower() in MISSING


def new_table(
    rows: Iterable[Mapping[str, Any]],
    *,
    root: str | Path | None = None,
    own_labels: bool = False,
    notes: Sequence[str] = (),
) -> pd.DataFrame:
    """Build a corpus table from rows that have at least a `file`; other columns are filled in.

    Args:
        rows: mappings of column to value; unknown columns are kept as they are.
        root: folder that default values of `source` are relative to; the common folder of the files if None.
        own_labels: keep labels that `serenade.labels` does not know; then all labels are kept as they are,
            unless all are known.
        notes: remarks on what was read, for `attrs["notes"]`.

    Returns:
        The table, sorted by file and start, with a new index.

    Raises:
        CorpusError: there are no rows, or a label is unknown (with `own_labels`: a number).

    >>> table = new_table([{"file": "b.wav"}, {"file": "a.wav", "emotion": "Joy", "sex": "F"}])
    >>> table[["file", "emotion", "sex", "source"]].values.tolist()
    [['a.wav', 'happiness', 'female', 'a'], ['b.wav', '', '', 'b']]
    """
    table = pd.DataFrame.from_records([dict(row) for row in rows])
    if table.empty or "file" not in table:
        raise CorpusError("there are no clips; a corpus table needs rows with a file", file=root)
    table["file"] = [str(file) for file in table["file"]]
    for column in ("start", "end"):
        table[column] = pd.to_numeric(table[column]) if column in table else float("nan")
        table[column] = table[column].astype("float64")
    for column in ("emotion", "speaker", "sex", "language", "corpus", "split", "source"):
        values = table[column] if column in table else [""] * len(table)
        table[column] = [
            "" if is_missing(value) else valid_unicode(strip_blanks(str(value))) for value in values
        ]
    table["emotion"] = _own_labels(table) if own_labels else _known_labels(table)
    table["sex"] = [_SEXES.get(value.lower(), "") for value in table["sex"]]
    root = root if root is not None else common_folder(table["file"])
    table["source"] = [
        source or source_of(file, root) for source, file in zip(table["source"], table["file"], strict=True)
    ]
    extras = [column for column in table.columns if column not in COLUMNS]
    table = table[[*COLUMNS, *extras]].sort_values(["file", "start"], kind="stable")
    table = table.reset_index(drop=True)
    table.attrs["notes"] = [valid_unicode(note) for note in notes]
    return table


def source_of(file: str | Path, root: str | Path) -> str:
    """Return the default `source` of a file: its path relative to a folder, without the suffix.

    Paths outside the folder begin with "..", so that no two files have the same source. Bytes of a file name
    that are not UTF-8 are written as escapes.

    >>> source_of("/data/Actor_01/a.wav", "/data"), source_of("/data/b/a.wav", "/data/lists")
    ('Actor_01/a', '../b/a')
    """
    path = PurePath(file)
    if path.suffix.lower() in CLIP_SUFFIXES:
        path = path.with_suffix("")
    try:
        relative = os.path.relpath(path, root)
    except ValueError:  # another drive of Windows
        relative = os.path.abspath(path)
    return valid_unicode(PurePath(relative).as_posix())


def common_folder(files: Iterable[str]) -> Path:
    """Return the deepest folder that contains all files.

    >>> common_folder(["/data/a/1.wav", "/data/b/1.wav"]).as_posix()
    '/data'
    """
    folders = {os.path.dirname(os.path.abspath(file)) for file in files}
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # several drives of Windows
        return Path(os.path.abspath(os.sep))


def _known_labels(table: pd.DataFrame) -> list[str]:
    labels = {name: canonical(name) for name in set(table["emotion"]) - {""}}
    for name, file in zip(table["emotion"], table["file"], strict=True):
        if name and labels[name] is None:
            raise CorpusError(
                f"the label {name!r} is no emotion that serenade knows; correct it, or leave it empty",
                file=file,
            )
    return [labels.get(name) or "" for name in table["emotion"]]


def has_hidden(text: str) -> bool:
    r"""Whether a text has control characters or invisible ones, besides those that join letters.

    >>> has_hidden("a\nb"), has_hidden("so\u200bso"), has_hidden("so so")
    (True, True, False)
    """
    return any(
        unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character not in _JOINERS
        for character in text
    )


def _own_labels(table: pd.DataFrame) -> list[str]:
    for name, file in zip(table["emotion"], table["file"], strict=True):
        if has_hidden(name):
            raise CorpusError(
                f"the label '{printable(name[:_SHOWN])}' contains a control character or an invisible one; "
                "correct it",
                file=file,
            )
    numbers = (table["emotion"] != "") & ~table["emotion"].str[:1].str.isalpha()
    if numbers.any():
        first = table[numbers].iloc[0]
        raise CorpusError(
            f"the label {first['emotion']!r} is not a name; write labels by name (anger, happiness, …)",
            file=first["file"],
        )
    labels = map_labels(set(table["emotion"]) - {""})
    return [labels.get(name, "") for name in table["emotion"]]
