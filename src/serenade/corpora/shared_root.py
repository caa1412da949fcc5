"""Which manifests belong together: their speakers are the same people.

`train.csv` and `test.csv` of one folder are two manifests of one corpus. If they were two corpora, speaker 1
of the one and speaker 1 of the other would be two people, and one of them could be in train and the other in
test.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from serenade.corpora.corpus_table import PART_NAMES, common_folder, source_of


def corpus_root(folder: str | Path) -> Path:
    """Return the folder that a corpus is named after: the nearest one that is not named after a part.

    >>> corpus_root("/data/mine/train").as_posix()
    '/data/mine'
    """
    root = Path(os.path.abspath(folder))
    while root.name.lower() in PART_NAMES:
        root = root.parent
    return root


def join_shared_roots(tables: Sequence[pd.DataFrame]) -> list[str]:
    """Give tables with a common root one corpus name, and sources relative to the common root, in place.

    Tables have a common root if the folders of their manifests, or those of their recordings, are equal or
    one contains the other. Only tables whose corpus is named after a folder (`attrs["root"]`) are changed; a
    column `corpus` of a manifest keeps its speakers apart.

    Returns:
        A note for each group of tables that were joined.
    """
    named_by_folder = [table for table in tables if "root" in table.attrs]
    groups: list[list[pd.DataFrame]] = []
    for table in named_by_folder:
        joined = [group for group in groups if any(_share_root(table, other) for other in group)]
        groups = [group for group in groups if all(group is not other for other in joined)]
        groups.append([*(one for group in joined for one in group), table])
    notes = []
    roots = [Path(os.path.commonpath([table.attrs["root"] for table in group])) for group in groups]
    taken = {name for table in tables if "root" not in table.attrs for name in table["corpus"]}
    for group, root in zip(groups, roots, strict=True):
        name = _unique_name(root, taken)
        taken.add(name)
        for table in group:
            _rename(table, name, root)
        if len(group) > 1:
            shared = _shared_speakers(group)
            same = f"; speakers in several of them ({shared}) are the same people" if shared else ""
            notes.append(
                f"{len(group)} manifests or folders below {root} are one corpus, {name!r}{same} (a column "
                "`corpus` keeps them apart)"
            )
    return notes


def _share_root(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return _nested(one.attrs["root"], other.attrs["root"]) or _nested(
        corpus_root(common_folder(one["file"])), corpus_root(common_folder(other["file"]))
    )


def _nested(one: str | Path, other: str | Path) -> bool:
    one, other = Path(one), Path(other)
    # Everything is below the root of a file system: that shows nothing.
    shallow = one == Path(one.anchor) or other == Path(other.anchor)
    return not shallow and (one.is_relative_to(other) or other.is_relative_to(one))


def _unique_name(root: Path, taken: set[str]) -> str:
    """The name of the root folder, with the names of folders above it where that is taken."""
    parts = root.parts
    for count in range(1, len(parts)):
        if (name := "-".join(parts[-count:])) not in taken:
            return name
    return f"{root.name}-{len(taken)}"


def _rename(table: pd.DataFrame, name: str, root: Path) -> None:
    old = table.attrs["root"]
    table["source"] = [
        source_of(file, root) if source == source_of(file, old) else source
        for file, source in zip(table["file"], table["source"], strict=True)
    ]
    table["corpus"] = name


def _shared_speakers(group: Sequence[pd.DataFrame]) -> str:
    speakers = [set(table["speaker"]) - {""} for table in group]
    shared = sorted(
        {name for i, names in enumerate(speakers) for other in speakers[:i] for name in names & other}
    )
    return ", ".join(shared[:3]) + (", …" if len(shared) > 3 else "")
