"""A vector for the text of every row of a store: from a file that has them, or from a frozen encoder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serenade.errors import CorpusError
from serenade.features.alignment import read_vectors, text_rows
from serenade.features.store import Store


def text_vectors(
    store: Store, *, vectors: str = "", encoder: str = "", layer: int = 0
) -> NDArray[np.float32]:
    """The vectors of a store's rows [shape=(rows, width)], in the order of its index.

    Args:
        store: of MELD, for `vectors`; with a column `text`, for `encoder`.
        vectors: `text_emotion.pkl` or its kin, looked up by dialogue and rank.
        encoder: folder or name of a frozen encoder.
        layer: of the encoder, from 1; 0 for its last.

    Raises:
        CorpusError: the file is missing, lacks a dialogue, or the store has no dialogues.
    """
    if vectors:
        if not {"dialogue", "rank"} <= set(store.index):
            raise CorpusError(
                "text.vectors are looked up by dialogue and rank, which this store does not tell",
                file=store.path,
            )
        return text_rows(store.index, read_vectors(vectors), file=vectors)
    raise CorpusError(f"the encoder {encoder!r} cannot be had here")
