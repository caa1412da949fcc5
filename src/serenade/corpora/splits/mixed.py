"""K folds with speakers of every corpus in each."""

from __future__ import annotations

import pandas as pd

from serenade.corpora.speaker_folds import by_test_speakers, k_folds
from serenade.corpora.split_registry import SPLITS, SplitFamily, SplitRule


def _mixed(k: int) -> SplitRule:
    def test_speakers(speakers: pd.Series[str], fold: int) -> set[str]:
        # The ids begin with the corpus, so those of a corpus are neighbours.
        return set(sorted(speakers.unique())[fold - 1 :: k])

    return SplitRule(
        about=f"{k} folds, each with every {k}th speaker in alphabetical order",
        assign=by_test_speakers(test_speakers),
        count_folds=k_folds(f"mixed-{k}", k),
    )


SPLITS.add(
    "mixed-K",
    SplitFamily(about="K folds with speakers of every corpus in each, e.g. mixed-5", rule=_mixed),
)
