"""Alignment of MELD's vectors and clips with its tables.

The vectors of `text_emotion.pkl` and `audio_emotion.pkl` are ordered by rank in the dialogue, but the clips
are named by Utterance_ID. The two differ in 466 of 13,708 rows, where an utterance was removed from the
middle of a dialogue. So vectors are found by rank, and clips by Utterance_ID.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.corpora.readers.meld import FOLDERS
from serenade.errors import CorpusError
from serenade.features.pickles import load_pickle

Vectors = Sequence[Mapping[str, NDArray[Any]]]
"""[train, dev, test]: for each Dialogue_ID as a string one row per utterance, by rank [shape=(ranks, width)].

Rows after the last utterance of a dialogue are padding, which is not zero.
"""

TEXT_PICKLE = "text_emotion.pkl"
"""Of text: 600 features."""

AUDIO_PICKLE = "audio_emotion.pkl"
"""Of sound: 300 features."""


def read_vectors(file: str | Path) -> Vectors:
    """Read the vectors of a file such as `text_emotion.pkl` or `audio_emotion.pkl`, without running its code.

    Raises:
        CorpusError: see `load_pickle`; or the file is not a list of three dicts of arrays of one width.
    """
    content = load_pickle(file)
    parts = content if isinstance(content, list) else []
    arrays = [array for part in parts if isinstance(part, dict) for array in part.values()]
    plain = all(isinstance(array, np.ndarray) and array.ndim == 2 for array in arrays)
    if len(parts) != len(FOLDERS) or not plain or len({array.shape[1] for array in arrays}) != 1:
        raise CorpusError(
            "is not a list of three dicts (train, dev, test) of arrays (ranks, width) as text_emotion.pkl",
            file=file,
        )
    return [{str(key): array for key, array in part.items()} for part in parts]


def vector_rows(
    table: pd.DataFrame, vectors: Vectors, *, file: str | Path | None = None
) -> NDArray[np.float32]:
    """Return the vector of every row of a MELD table, by rank [shape=(rows, width)].

    Args:
        table: table of `read_corpus(..., "meld")`, or some of its rows.
        vectors: result of `read_vectors`.
        file: file of the vectors, for the error.

    Raises:
        CorpusError: the vectors lack a dialogue or an utterance, which is named.
    """
    check_vectors(table, vectors, file=file)
    part_of = dict(zip(FOLDERS, vectors, strict=True))
    picked = []
    for dialogue, rank in zip(table["dialogue"], table["rank"], strict=True):
        part, _, number = dialogue.partition("/")
        picked.append(part_of[part][number][rank])
    return np.asarray(picked, np.float32)


def check_vectors(table: pd.DataFrame, vectors: Vectors, *, file: str | Path | None = None) -> None:
    """Check that the vectors have every dialogue of the table, with a row for each utterance.

    Raises:
        CorpusError: a dialogue or row is missing; the first is named.
    """
    part_of = dict(zip(FOLDERS, vectors, strict=True))
    for dialogue, last in table.groupby("dialogue", sort=False)["rank"].max().items():
        part, _, number = str(dialogue).partition("/")
        if number not in part_of[part]:
            raise CorpusError(f"has no dialogue {number} of {part}, which the table has", file=file)
        if (rows := len(part_of[part][number])) <= last:
            raise CorpusError(
                f"has {rows} rows for dialogue {number} of {part}, which has {last + 1} utterances",
                file=file,
            )


def sound_rows(
    table: pd.DataFrame, ids: pd.DataFrame, *, file: str | Path | None = None
) -> NDArray[np.int64]:
    """Return the row in `X_audio_*.npy` for every row of a MELD table, by Utterance_ID.

    Args:
        table: rows of one of train, dev and test.
        ids: the `ids_*.csv` of the same, as `serenade.originals.meld.spectrograms` writes it.
        file: its name, for the error.

    Returns:
        Rows of the array [shape=(rows,)].

    Raises:
        CorpusError: an utterance is not in `ids`, or has another rank or label there.
    """
    columns = (ids[name] for name in ("dialogue", "utterance", "rank", "label", "row"))
    recorded = {(dialogue, utterance): rest for dialogue, utterance, *rest in zip(*columns, strict=True)}
    columns = (table[name] for name in ("dialogue", "utterance", "rank", "emotion"))
    found = []
    for dialogue, utterance, *wanted in zip(*columns, strict=True):
        number = dialogue.partition("/")[2]
        if (int(number), utterance) not in recorded:
            raise CorpusError(
                f"has no utterance {utterance} of dialogue {number}; prepare it again", file=file
            )
        *found_values, row = recorded[int(number), utterance]
        if found_values != wanted:
            raise CorpusError(
                f"has rank {found_values[0]} and {found_values[1]} for utterance {utterance} of dialogue "
                f"{number}, but the table has rank {wanted[0]} and {wanted[1]}; prepare it again",
                file=file,
            )
        found.append(row)
    return np.asarray(found, np.int64)
