"""Texts of the rows of a store, and their vectors from frozen encoders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serenade.encoders.text import encode_texts
from serenade.errors import CorpusError
from serenade.features.store import Store


def text_vectors(store: Store, *, encoders: Sequence[str], layers: Sequence[int]) -> NDArray[np.float32]:
    """Return the text vectors of a store's rows [shape=(rows, width)], cached in the store.

    Args:
        store: a store with a column `text`.
        encoders: folders or names of frozen encoders.
        layers: layers of each encoder, from 1; their vectors are concatenated.

    Raises:
        CorpusError: the store has no texts.
        ModelError, MissingExtra: see `serenade.encoders.text.encode_texts`.
    """
    return encode_texts(list(texts_of(store)), encoders=encoders, layers=layers, folder=store.path)


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
