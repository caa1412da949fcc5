"""RAVDESS in five folds of four actors."""

from __future__ import annotations

import pandas as pd

from serenade.corpora.speaker_folds import by_test_speakers, numbered
from serenade.corpora.split_registry import SPLITS, SplitRule

TEST_ACTORS = ((1, 4), (5, 8), (9, 12), (13, 16), (17, 20))
"""First and last test actor of each fold."""


def _held_out(speakers: pd.Series[str], fold: int) -> set[str]:
    return {name for name in speakers.unique() if name.isdigit() and int(name) > TEST_ACTORS[-1][1]}


SPLITS.add(
    "actors-5",
    SplitRule(
        about="RAVDESS in five folds of four actors; actors 21-24 are held out",
        assign=by_test_speakers(numbered(*TEST_ACTORS), held_out=_held_out),
        count_folds=lambda table: len(TEST_ACTORS),
        corpus="ravdess",
        speakers=frozenset(f"{actor:02}" for actor in range(1, 25)),
    ),
)
