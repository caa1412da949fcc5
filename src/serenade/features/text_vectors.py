"""What is said in every row of a store, and a vector of it: from a file, or from a frozen encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serenade.encoders.text import encode_side_by_side
from serenade.errors import CorpusError
from serenade.features.alignment import read_vectors, text_rows
from serenade.features.store import Store


def text_vectors(
    store: Store, *, vectors: str = "", encoder: Sequence[str] = (), layers: Sequence[int] = ()
) -> NDArray[np.float32]:
    """The vectors of a store's rows [shape=(rows, width)], in the order of its index.

    Args:
        store: of MELD, for `vectors`; with a column `text`, for `encoder`, whose vectors are kept in it.
        vectors: `text_emotion.pkl` or its kin, looked up by dialogue and rank.
        encoder: folders or names of frozen encoders, where there are no `vectors`.
        layers: of each encoder, from 1; all are side by side.

    Raises:
        CorpusError: the file is missing, lacks a dialogue, or the store has no dialogues or no texts.
        ModelError, MissingExtra: see `serenade.encoders.text.encode_texts`.
    """
    if not vectors:
        texts = list(texts_of(store))
        return encode_side_by_side(texts, encoders=encoder, layers=layers, folder=store.path)
    if not {"dialogue", "rank"} <= set(store.index):
        raise CorpusError(
            "text.vectors are looked up by dialogue and rank, which this store does not tell",
            file=store.path,
        )
    return text_rows(store.index, read_vectors(vectors), file=vectors)


def texts_of(store: Store, *, speakers: bool = False) -> NDArray[np.object_]:
    """What is said in every row [shape=(rows,)], "" where that is not known; after "Ross: " with `speakers`.

    Raises:
        CorpusError: the store has no column `text`.
    """
    if "text" not in store.index:
        raise CorpusError(
            "the recipe learns from text (data.inputs), and this store has no column text; MELD has one, and "
            "a manifest may",
            file=store.path,
        )
    texts: NDArray[np.object_] = store.index["text"].to_numpy(object)
    if speakers:
        texts = np.where(texts == "", "", store.index["speaker"].to_numpy(object) + ": " + texts)
    return texts
