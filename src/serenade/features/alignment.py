"""MELD's text vectors, its clips and its tables, row by row.

The vectors of `text_emotion.pkl` are packed by rank in the dialogue, the clips are named by Utterance_ID, and
the two differ on 466 of 13,708 rows, where an utterance was dropped from the middle of a dialogue. Here each
is looked up by its own number.
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
"""[train, dev, test], each Dialogue_ID as text → one row an utterance, by rank [shape=(ranks, width)].

Rows behind the last utterance of a dialogue are padding, and not zero.
"""

TEXT_PICKLE = "text_emotion.pkl"


def read_vectors(file: str | Path) -> Vectors:
    """The vectors of `text_emotion.pkl` and its kin, without running anything in them.

    Raises:
        CorpusError: see `load_pickle`; or it is no list of three dicts of arrays of one width.
    """
    content = load_pickle(file)
    parts = content if isinstance(content, list) else []
    arrays = [array for part in parts if isinstance(part, dict) for array in part.values()]
    plain = all(isinstance(array, np.ndarray) and array.ndim == 2 for array in arrays)
    if len(parts) != len(FOLDERS) or not plain or len({array.shape[1] for array in arrays}) != 1:
        raise CorpusError(
            "is no list of three dicts (train, dev, test) of arrays (ranks, width), as text_emotion.pkl is",
            file=file,
        )
    return [{str(key): array for key, array in part.items()} for part in parts]


def text_rows(
    table: pd.DataFrame, vectors: Vectors, *, file: str | Path | None = None
) -> NDArray[np.float32]:
    """The vector of every row of a MELD table, by rank [shape=(rows, width)].

    Args:
        table: of `read_corpus(..., "meld")`, or some of its rows.
        vectors: of `read_vectors`.
        file: where they are from, for the error.

    Raises:
        CorpusError: the vectors lack a dialogue, or one of its utterances; it is named.
    """
    check_vectors(table, vectors, file=file)
    part_of = dict(zip(FOLDERS, vectors, strict=True))
    picked = []
    for dialogue, rank in zip(table["dialogue"], table["rank"], strict=True):
        part, _, number = dialogue.partition("/")
        picked.append(part_of[part][number][rank])
    return np.asarray(picked, np.float32)


def check_vectors(table: pd.DataFrame, vectors: Vectors, *, file: str | Path | None = None) -> None:
    """Refuse vectors that lack a dialogue of the table, or have fewer rows than it has utterances.

    Raises:
        CorpusError: naming the first such dialogue.
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
    """Where the spectrogram of every row of a MELD table lies in `X_audio_*.npy`, by Utterance_ID.

    Args:
        table: rows of one part.
        ids: that part's `ids_*.csv`, as `serenade.originals.meld.spectrograms` writes it.
        file: its name, for the error.

    Returns:
        Rows of the array [shape=(rows,)].

    Raises:
        CorpusError: an utterance is not in `ids`, or has another rank or label there; it is named.
    """
    columns = (ids[name] for name in ("dialogue", "utterance", "rank", "label", "row"))
    told = {(dialogue, utterance): rest for dialogue, utterance, *rest in zip(*columns, strict=True)}
    columns = (table[name] for name in ("dialogue", "utterance", "rank", "emotion"))
    found = []
    for dialogue, utterance, *wanted in zip(*columns, strict=True):
        number = dialogue.partition("/")[2]
        if (int(number), utterance) not in told:
            raise CorpusError(
                f"has no utterance {utterance} of dialogue {number}; prepare it again", file=file
            )
        *said, row = told[int(number), utterance]
        if said != wanted:
            raise CorpusError(
                f"says of utterance {utterance} of dialogue {number} rank {said[0]} and {said[1]}, the table "
                f"rank {wanted[0]} and {wanted[1]}; prepare it again",
                file=file,
            )
        found.append(row)
    return np.asarray(found, np.int64)
