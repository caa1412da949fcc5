"""Who speaks: speakers from folder names, file names or columns, and what it means if they are unknown."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import PART_NAMES, common_folder, is_missing, strip_blanks
from serenade.corpora.manifest_columns import column_name
from serenade.corpora.speaker_names import merge_speakers
from serenade.errors import CorpusError
from serenade.labels import canonical
from serenade.text import printable, valid_unicode

SPEAKERS_FROM = 'folder, "name:REGEX" or "column:NAME"'
"""The values of `speakers_from`, for messages and help."""


def speaker_ids(table: pd.DataFrame) -> pd.Series[str]:
    """Return the speaker of each row, in one spelling and unique across the corpora of the table."""
    names, _ = merge_speakers(table["speaker"], table["corpus"])
    speakers = pd.Series(names, index=table.index, dtype=object)
    return table["corpus"] + "/" + speakers if table["corpus"].nunique() > 1 else speakers


def assign_speakers(
    table: pd.DataFrame, speakers_from: str, *, root: str | Path | None = None
) -> pd.DataFrame:
    """Fill the column `speaker` from file paths or from another column.

    Args:
        table: a corpus table.
        speakers_from: "folder" for the name of the folder that contains the file (folders named after an
            emotion or a part, such as train, are passed by); "name:REGEX" for the first group of a regular
            expression that is searched in the file name (its whole match if it has no group); "column:NAME"
            for a column of the table.
        root: folder below which "folder" looks; the common folder of the files if None.

    Returns:
        A copy of the table. Rows without a match have the speaker ""; a note counts them.

    Raises:
        CorpusError: the value has another form, or gives no speaker at all.

    >>> from serenade.corpora import new_table
    >>> table = new_table([{"file": "anna_01.wav"}, {"file": "ben_01.wav"}])
    >>> assign_speakers(table, "name:([a-z]+)_")["speaker"].tolist()
    ['anna', 'ben']
    """
    kind, _, value = speakers_from.partition(":")
    if kind == "folder" and not value:
        top = Path(os.path.abspath(root)) if root is not None else common_folder(table["file"])
        speakers = [_folder_of(file, top) for file in table["file"]]
    elif kind == "name" and value:
        speakers = [_group_of(_compiled(value), file) for file in table["file"]]
    elif kind == "column" and value:
        speakers = ["" if is_missing(name) else strip_blanks(str(name)) for name in _column(table, value)]
    else:
        raise CorpusError(f"speakers cannot be taken from {speakers_from!r}; use {SPEAKERS_FROM}")
    unknown = speakers.count("")
    if unknown == len(speakers):
        raise CorpusError(
            f"{speakers_from!r} gives no speaker for any of {len(speakers)} clips, such as "
            f"{table['file'].iloc[0]}; use {SPEAKERS_FROM}"
        )
    result = table.assign(speaker=[valid_unicode(name) for name in speakers])
    result.attrs["notes"] = list(table.attrs.get("notes", []))
    if unknown:
        first = printable(table["file"].iloc[speakers.index("")])
        result.attrs["notes"].append(
            f"{speakers_from!r} gives no speaker for {unknown} of {len(speakers)} clips, such as {first}"
        )
    return result


def column_in(table: pd.DataFrame, name: str) -> str | None:
    """Return the name of a manifest's column in a table, which may be another one; None if there is none."""
    return next((column for column in (name, column_name(name)) if column in table), None)


def unknown_speakers(table: pd.DataFrame) -> str:
    """What it means for a figure that clips of a table have no speaker; "" if all have one."""
    unknown = int((table["speaker"] == "").sum())
    if not unknown:
        return ""
    count = (
        "no speakers are known"
        if unknown == len(table)
        else f"{unknown} of {len(table)} clips have no speaker"
    )
    return (
        f"{count}: a split is then random by file, with the same people in train and test, and its figure "
        f"may be too high; give speakers with --speakers-from ({SPEAKERS_FROM}) or a column `speaker`"
    )


def _folder_of(file: str, root: Path) -> str:
    """The nearest folder between a file and the root that names neither an emotion nor a part."""
    folder = Path(os.path.abspath(file)).parent
    if not folder.is_relative_to(root):
        return ""
    for name in reversed(folder.relative_to(root).parts):
        if name.lower() not in PART_NAMES and (len(name) == 1 or canonical(name) is None):
            return name
    return ""


def _compiled(expression: str) -> re.Pattern[str]:
    try:
        return re.compile(expression)
    except re.error as cause:
        raise CorpusError(
            f"{expression!r} is not a regular expression ({cause}); write it like 'name:^([a-z]+)_'"
        ) from cause


def _group_of(expression: re.Pattern[str], file: str) -> str:
    match = expression.search(Path(file).name)
    if match is None:
        return ""
    return (match[1] if expression.groups else match[0]) or ""


def _column(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if (column := column_in(table, name)) is not None:
        return table[column]
    raise CorpusError(
        f"there is no column {name!r} to take the speakers from; the columns are {', '.join(table.columns)}"
    )
