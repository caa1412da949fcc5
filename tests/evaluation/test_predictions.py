"""Tables of predictions are checked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from serenade.errors import CorpusError
from serenade.evaluation.predictions import checked, one_per_clip

LABELS = ("anger", "fear", "neutral")


def test_texts_stay_texts(predictions: pd.DataFrame) -> None:
    numbered = predictions.assign(speaker=[float("nan"), *range(59)])
    assert checked(numbered, LABELS)["speaker"].tolist()[0] == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="score_fear"), "lack the columns score_fear"),
        (lambda t: t.iloc[:0], "no prediction to evaluate"),
        (lambda t: t.assign(predicted="joy"), "'joy' are not among"),
        (lambda t: t.assign(score_fear=np.nan), "clip000.npy: has a score that is not a number"),
    ],
)
def test_impossible_tables(predictions: pd.DataFrame, change, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        checked(change(predictions), LABELS)


def test_every_clip_counts_once(synthetic) -> None:
    own = [
        synthetic(30, seed=s).assign(id=lambda t, f=f: f"{f}" + t["id"], fold=f, seed=s)
        for f in (1, 2)
        for s in (3, 1)
    ]
    clips = one_per_clip(pd.concat(own))
    assert len(clips) == 60
    assert set(clips["seed"]) == {1}
    same = [synthetic(30, seed=f).assign(fold=f, seed=0) for f in (1, 2)]
    clips = one_per_clip(pd.concat(same))
    assert len(clips) == 30
    assert set(clips["fold"]) == {1}
