"""What published datasets have in common: others wrote them, and their files can rarely be edited.

A manifest is written by its user, and may name any path of the machine. A dataset comes from elsewhere, so it
may only name the recordings in its own folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from serenade.corpora.manifest_columns import column_name
from serenade.errors import CorpusError
from serenade.text import printable

_DECISIVE = ("emotion", "speaker")


def path_in_dataset(name: str, folder: Path, *, within: Path) -> Path | None:
    """Return the path of a recording of a dataset; None if it leads out of the dataset's folder.

    Links in the folder may lead out of it, as in the cache of the Hugging Face hub.

    Args:
        name: as the dataset lists it.
        folder: folder that relative paths start at.
        within: the folder of the dataset.

    >>> path_in_dataset("wav/a.wav", Path("db"), within=Path("db")).as_posix()
    'db/wav/a.wav'
    >>> path_in_dataset("../a.wav", Path("db"), within=Path("db")) is None
    True
    """
    path = folder / name
    return path if Path(os.path.abspath(path)).is_relative_to(os.path.abspath(within)) else None


def outside_dataset(name: str, *, row: int, file: Path) -> CorpusError:
    """The error of a dataset that names a recording outside its folder.

    Args:
        name: the path.
        row: the row that has it, from 1.
        file: the file with this row.
    """
    return CorpusError(
        f"row {row} names {printable(name)}, which is outside the dataset, and a dataset may only name "
        "recordings in its own folder; copy them there, or list them in a CSV manifest",
        file=file,
    )


def corpus_columns(
    columns: Iterable[str], *, file: Path, means: Mapping[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Return the name of each column in the corpus table, and a note on each column that keeps its own name.

    A column that has the name of the corpus table is preferred to columns with other names for it. Of several
    columns with other names none is preferred.

    Args:
        columns: names in the dataset.
        file: the file with these columns, for the error.
        means: what a column means whose name is unknown.

    Raises:
        CorpusError: a name occurs twice, or two columns with other names are of emotions or of speakers.

    >>> names, notes = corpus_columns(["emotion", "label", "actor"], file=Path("a.parquet"))
    >>> names
    {'emotion': 'emotion', 'label': 'label', 'actor': 'speaker'}
    >>> notes
    ['column `label` is kept under its name, since there is a column `emotion`']
    """
    given = list(columns)
    if twice := [column for column in given if given.count(column) > 1]:
        raise CorpusError(f"has two columns `{twice[0]}`; remove or rename one", file=file)
    found = {column: column_name(column) for column in given}
    found |= {column: (means or {}).get(column) or name for column, name in found.items() if name == column}
    notes = []
    if "variant" in found:  # the corpus table has those of serenade
        found["variant"] = "dataset_variant"
        notes.append("column `variant` is kept as `dataset_variant`")
    for name in dict.fromkeys(found.values()):
        same = [column for column, other in found.items() if other == name and column != name]
        if not same or (len(same) == 1 and name not in found):
            continue
        if name not in found and name in _DECISIVE:
            both = " and ".join(f"`{column}`" for column in same)
            raise CorpusError(f"the columns {both} both mean {name}; remove or rename one", file=file)
        found |= {column: column for column in same}
        why = f"there is a column `{name}`" if name in found else f"several columns mean {name}"
        notes += [f"column `{column}` is kept under its name, since {why}" for column in same]
    return found, notes
