"""The corpus table: its columns, and how one is made from rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from serenade.errors import CorpusError
from serenade.labels import canonical, label_of

COLUMNS = ("file", "start", "end", "emotion", "speaker", "sex", "language", "corpus", "split", "source")
"""What every table has, in this order; further columns are kept behind them.

- file: path of the recording, or of a ready-made spectrogram (`.npy`).
- start, end: seconds; NaN means the whole file.
- emotion: canonical name (or a corpus's own label), "" where there is no label.
- speaker: unique within the corpus, "" where unknown.
- sex: "male", "female" or "".
- language: ISO 639-1 code or "".
- split: the corpus's own part of this row, or "".
- source: the clip that this row is, or is an altered copy of; never shared between parts of a split.

Soft labels are columns `emotion_<name>`, probabilities from 0 to 1.
"""

_SEXES = {"m": "male", "male": "male", "man": "male", "f": "female", "female": "female", "w": "female"}


def new_table(
    rows: Iterable[Mapping[str, Any]], *, root: str | Path | None = None, own_labels: bool = False
) -> pd.DataFrame:
    """Make a table of rows that have at least a `file`; what is missing is filled in.

    Args:
        rows: mappings of column to value; unknown columns are kept as they are.
        root: folder that default `source`s are relative to; the file's own folder when None.
        own_labels: take labels that are none of `serenade.labels` as they are.

    Returns:
        The table, sorted by file and start, with a fresh index.

    Raises:
        CorpusError: no rows, or a label that is not known (with `own_labels`: that is a number).

    >>> table = new_table([{"file": "b.wav"}, {"file": "a.wav", "emotion": "Joy", "sex": "F"}])
    >>> table[["file", "emotion", "sex", "source"]].values.tolist()
    [['a.wav', 'happiness', 'female', 'a'], ['b.wav', '', '', 'b']]
    """
    table = pd.DataFrame.from_records([dict(row) for row in rows])
    if table.empty or "file" not in table:
        raise CorpusError("there is not a single clip to make a table of; give rows with a file", file=root)
    table["file"] = [str(file) for file in table["file"]]
    for column in ("start", "end"):
        table[column] = pd.to_numeric(table[column]) if column in table else float("nan")
        table[column] = table[column].astype("float64")
    for column in ("emotion", "speaker", "sex", "language", "corpus", "split"):
        table[column] = [_text(value) for value in table[column]] if column in table else ""
    table["emotion"] = [
        _emotion(name, file, own=own_labels)
        for name, file in zip(table["emotion"], table["file"], strict=True)
    ]
    table["sex"] = [_SEXES.get(value.lower(), "") for value in table["sex"]]
    given = [_text(value) for value in table["source"]] if "source" in table else [""] * len(table)
    table["source"] = [
        source or source_of(file, root) for source, file in zip(given, table["file"], strict=True)
    ]
    extras = [column for column in table.columns if column not in COLUMNS]
    table = table[[*COLUMNS, *extras]].sort_values(["file", "start"], kind="stable")
    return table.reset_index(drop=True)


def source_of(file: str | Path, root: str | Path | None = None) -> str:
    """The default `source` of a file: its stem, with the folders between it and `root`.

    >>> source_of("/data/Actor_01/a.wav", "/data"), source_of("/data/Actor_01/a.wav")
    ('Actor_01/a', 'a')
    """
    path = PurePath(file).with_suffix("")
    if root is not None and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.name


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value).strip()


def _emotion(name: str, file: str, *, own: bool) -> str:
    if not name:
        return ""
    found = label_of(name) if own else canonical(name)
    if found is None:
        raise CorpusError(
            f"the label {name!r} is no emotion that serenade knows; map it to one, or leave it empty",
            file=file,
        )
    return found
