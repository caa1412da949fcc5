"""K folds with speakers of every corpus in each."""

from __future__ import annotations

import pandas as pd

from serenade.corpora.speaker_folds import by_test_speakers
from serenade.corpora.speakers import speaker_ids
from serenade.corpora.split_registry import SPLITS, SplitFamily, SplitRule
from serenade.errors import SplitError


def _mixed(k: int) -> SplitRule:
    def count_folds(table: pd.DataFrame) -> int:
        speakers = speaker_ids(table).nunique()
        # Outside the largest test part there must be two speakers: one for train and one for dev.
        if not 2 <= k <= speakers or speakers - -(-speakers // k) < 2:
            needed = max(k, 4 if k == 2 else 3)
            raise SplitError(
                f"mixed-{k} needs K of 2 or more and at least {needed} speakers; this corpus has {speakers}"
            )
        return k

    def test_speakers(speakers: pd.Series[str], fold: int) -> set[str]:
        # The ids begin with the corpus, so those of a corpus are neighbours.
        return set(sorted(speakers.unique())[fold - 1 :: k])

    return SplitRule(
        about=f"{k} folds, each with every {k}th speaker in alphabetical order",
        assign=by_test_speakers(test_speakers),
        count_folds=count_folds,
    )


SPLITS.add(
    "mixed-K",
    SplitFamily(about="K folds with speakers of every corpus in each, e.g. mixed-5", rule=_mixed),
)
