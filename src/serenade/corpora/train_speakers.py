"""Splits with fewer training speakers, for learning curves over the number of speakers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from serenade.corpora.speakers import speaker_ids
from serenade.corpora.split import Split
from serenade.errors import SplitError


def with_train_speakers(
    table: pd.DataFrame, split: Split, *, speakers: int, draw: int, corpus: str = ""
) -> Split:
    """Return a split with some of its training speakers; dev and test stay as they are.

    The speakers are the first ones of a random order, so those of a smaller number are among those of a
    larger one of the same draw.

    Args:
        table: the corpus table of the split.
        split: with speakers that are known.
        speakers: how many remain in train.
        draw: number of the random order.
        corpus: draw speakers of this corpus; all clips of the other corpora stay in train. "" draws from all.

    Raises:
        SplitError: train has fewer speakers, unknown ones, or a label that none of the drawn speakers has.

    >>> from serenade.corpora import make_split, read_corpus
    >>> table = read_corpus("corpus")
    >>> split = make_split(table, "grouped-3", fold=1)
    >>> fewer = with_train_speakers(table, split, speakers=2, draw=0)
    >>> fewer.rows(table, "train")["speaker"].nunique(), len(fewer.rows(table, "test"))
    (2, 12)
    """
    train = drawn_rows(table, split, corpus=corpus)
    names = speaker_ids(table).loc[train]
    if (table.loc[train, "speaker"] == "").any():
        raise SplitError("some training clips have no speaker, so a number of speakers cannot be drawn")
    every = sorted(set(names))
    if speakers > len(every):
        raise SplitError(f"{speakers} training speakers are requested, and train has {len(every)}")
    order = np.random.default_rng([draw, split.fold or 0]).permutation(len(every))
    drawn = {every[number] for number in order[:speakers]}
    left_out = names.index[~names.isin(drawn)]
    labels = table.loc[train, "emotion"]
    if missing := sorted(set(labels) - set(labels.drop(left_out)) - {""}):
        raise SplitError(
            f"the {speakers} training speakers that were drawn have no clip of {', '.join(missing)}; use "
            "more speakers"
        )
    parts, dropped = split.parts.copy(), split.dropped.copy()
    parts.loc[left_out] = ""
    reason = pd.Series("a training speaker that was not drawn", index=left_out, dtype=object)
    return replace(split, parts=parts, dropped=pd.concat([dropped, reason]))


def drawn_rows(table: pd.DataFrame, split: Split, *, corpus: str) -> pd.Index[int]:
    """The training clips whose speakers are drawn; arguments as for `with_train_speakers`."""
    chosen = split.parts == "train"
    if corpus:
        chosen &= table["corpus"] == corpus
    return chosen.index[chosen]
