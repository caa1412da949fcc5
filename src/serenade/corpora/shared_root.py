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
from serenade.corpora.speaker_names import speaker_key
from serenade.text import printable, valid_unicode


def corpus_root(folder: str | Path) -> Path:
    """Return the folder that a corpus is named after: the nearest one that is not named after a part.

    >>> corpus_root("/data/mine/train").as_posix()
    '/data/mine'
    """
    root = Path(os.path.abspath(folder))
    while root.name.lower() in PART_NAMES:
        root = root.parent
    return root


def manifest_root(folder: str | Path, files: Sequence[str]) -> Path:
    """Return the folder that the corpus of a manifest is named after.

    It contains the manifest and its recordings, if that is the folder of the manifest or one of the two
    folders above; otherwise it is the folder of the recordings.

    >>> manifest_root("/data/mine/lists", ["/data/mine/rec/1.wav"]).as_posix()
    '/data/mine'
    >>> manifest_root("/home/anna/lists", ["/data/mine/a/1.wav", "/data/mine/b/1.wav"]).as_posix()
    '/data/mine'
    """
    own = Path(os.path.abspath(folder))
    recordings = common_folder(files)
    common = common_folder([*files, str(own / "manifest")])
    if common in (own, *own.parents[:2]) and not _is_shallow(common):
        return corpus_root(common)
    return corpus_root(own if _is_shallow(recordings) else recordings)


def join_shared_roots(tables: Sequence[pd.DataFrame]) -> list[str]:
    """Give tables with a common root one corpus name, and sources relative to the common root, in place.

    Tables have a common root if their roots, the folders of their manifests, or the folders of their
    recordings are equal or one contains the other. Only tables whose corpus is named after a folder
    (`attrs["root"]`) are changed; a column `corpus` of a manifest keeps its speakers apart.

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
                f"{len(group)} manifests or folders below {printable(root)} are one corpus, "
                f"'{printable(name)}'{same} (a column `corpus` keeps them apart)"
            )
    return notes


def _share_root(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    places = [
        (table.attrs["root"], corpus_root(table.attrs["folder"]), corpus_root(common_folder(table["file"])))
        for table in (one, other)
    ]
    return any(_nested(Path(a), Path(b)) for a, b in zip(*places, strict=True))


def _nested(one: Path, other: Path) -> bool:
    # Everything is below the root of a file system: that shows nothing.
    if _is_shallow(one) or _is_shallow(other):
        return False
    return one.is_relative_to(other) or other.is_relative_to(one)


def _is_shallow(folder: Path) -> bool:
    return folder == Path(folder.anchor)


def _unique_name(root: Path, taken: set[str]) -> str:
    """The name of the root folder, with the names of the folders above it where that is taken."""
    folders = root.parts[1:] or ("corpus",)
    names = ("-".join(folders[-count:]) for count in range(1, len(folders) + 1))
    return next((name for name in names if name not in taken), f"{folders[-1]}-{len(taken)}")


def _rename(table: pd.DataFrame, name: str, root: Path) -> None:
    old = table.attrs["root"]
    table["source"] = [
        source_of(file, root) if source == source_of(file, old) else source
        for file, source in zip(table["file"], table["source"], strict=True)
    ]
    table["corpus"] = valid_unicode(name)


def _shared_speakers(group: Sequence[pd.DataFrame]) -> str:
    speakers = [{speaker_key(name): name for name in set(table["speaker"]) - {""}} for table in group]
    shared = sorted(
        names[key]
        for i, names in enumerate(speakers)
        for key in names
        if any(key in one for one in speakers[:i])
    )
    shared = list(dict.fromkeys(shared))
    return ", ".join(shared[:3]) + (", …" if len(shared) > 3 else "")
