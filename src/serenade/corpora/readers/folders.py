"""A folder per emotion: the label of a recording is the name of a folder above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from serenade.corpora.corpus_table import PART_NAMES, new_table
from serenade.corpora.recordings import find_recordings, skipped_files, some
from serenade.corpora.registry import Corpus, register_corpus
from serenade.corpora.shared_root import corpus_root
from serenade.errors import CorpusError
from serenade.labels import canonical, describe_labels, is_label
from serenade.text import counted


def read_folders(path: str | Path) -> pd.DataFrame:
    """Read a folder per emotion, under any name that `serenade.labels` knows, at any depth.

    Folders beside those of known emotions are labels of the corpus's own; then all labels are kept as they
    are. Folders named after a part (train, dev, test) fill the column `split`.

    Raises:
        CorpusError: there are no recordings, or no folder is named after an emotion.
    """
    path = Path(path)
    found = find_recordings(path)
    parts = {file: file.relative_to(path).parts[:-1] for file in found.files}
    depths = {file: _emotion_depth(folders) for file, folders in parts.items()}
    levels = Counter(depth for depth in depths.values() if depth is not None)
    if not levels:
        raise CorpusError(
            f"none of its {len(found.files)} recordings is in a folder named after an emotion; name the "
            "folders anger, happiness, …, or write a manifest (a CSV file with the columns file, emotion, "
            "speaker)",
            file=path,
        )
    level = levels.most_common(1)[0][0]
    labels = {file: _label(folders, depths[file], level) for file, folders in parts.items()}
    root = corpus_root(path)
    rows = [
        {
            "file": file,
            "emotion": label,
            "split": next(
                (PART_NAMES[name.lower()] for name in parts[file] if name.lower() in PART_NAMES), ""
            ),
            "corpus": root.name,
        }
        for file, label in labels.items()
    ]
    notes = describe_labels(sorted(set(labels.values()) - {""}))
    if unlabelled := [file for file, label in labels.items() if not label]:
        notes.append(
            f"{counted(len(unlabelled), 'recording')} in no emotion's folder: unlabelled ({some(unlabelled)})"
        )
    table = new_table(rows, root=root, own_labels=True, notes=[*notes, *skipped_files(found)])
    table.attrs |= {"root": str(root), "folder": str(path)}
    return table


def _emotion_depth(folders: Sequence[str]) -> int | None:
    """The depth of the nearest folder that is named after an emotion.

    A single letter does not name one: "f" is more often female than fear.
    """
    for depth in reversed(range(len(folders))):
        if len(folders[depth]) > 1 and canonical(folders[depth]):
            return depth
    return None


def _label(folders: Sequence[str], depth: int | None, level: int) -> str:
    """The name of the folder of an emotion, or of a folder on the level on which most of those are."""
    if depth is not None:
        return folders[depth]
    return folders[level] if level < len(folders) and is_label(folders[level]) else ""


def _recognise(path: Path, files: Sequence[Path]) -> float:
    named = sum(_emotion_depth(file.relative_to(path).parts[:-1]) is not None for file in files)
    # Less than 1: cremad_mels/ANG/1001_….npy is CREMA-D, not a folder per emotion.
    return 0.97 * named / len(files) if files else 0.0


register_corpus(
    Corpus(
        name="folders",
        title="a folder per emotion",
        read=read_folders,
        licence="that of your recordings",
        url="",
        languages=(),
        acted=False,
        looks_like="anger/1.wav, happiness/2.wav: a folder per emotion",
        recognise=_recognise,
        example={"anger/1.wav": "", "happiness/2.wav": ""},
    )
)
