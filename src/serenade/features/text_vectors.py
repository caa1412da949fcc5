"""Texts of the rows of a store, and their vectors: from a file, or from a frozen encoder."""

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
    """Return the text vectors of a store's rows [shape=(rows, width)], in the order of its index.

    Args:
        store: a store of MELD for `vectors`; a store with a column `text` for `encoder`, in which the
            encoder's vectors are cached.
        vectors: `text_emotion.pkl` or a similar file; vectors are found by dialogue and rank.
        encoder: folders or names of frozen encoders, used if `vectors` is empty.
        layers: layers of each encoder, counted from 1; their vectors are concatenated.

    Raises:
        CorpusError: the file is missing or lacks a dialogue, or the store has no dialogues or no texts.
        ModelError, MissingExtra: see `serenade.encoders.text.encode_texts`.
    """
    if not vectors:
        texts = list(texts_of(store))
        return encode_side_by_side(texts, encoders=encoder, layers=layers, folder=store.path)
    if not {"dialogue", "rank"} <= set(store.index):
        raise CorpusError(
            "text.vectors are found by dialogue and rank, which this store does not have",
            file=store.path,
        )
    return text_rows(store.index, read_vectors(vectors), file=vectors)


def texts_of(store: Store, *, speakers: bool = False) -> NDArray[np.object_]:
    """Return the text of every row [shape=(rows,)], "" if unknown; with `speakers`, after "Ross: ".

    Raises:
        CorpusError: the store has no column `text`.
    """
    if "text" not in store.index:
        raise CorpusError(
            "the recipe uses text (data.inputs), but this store has no column text; MELD has one, and a "
            "manifest can have one",
            file=store.path,
        )
    texts: NDArray[np.object_] = store.index["text"].to_numpy(object)
    if speakers:
        texts = np.where(texts == "", "", store.index["speaker"].to_numpy(object) + ": " + texts)
    return texts
