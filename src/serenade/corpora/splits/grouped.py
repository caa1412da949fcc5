"""K folds of speakers in blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from serenade.corpora.speaker_folds import by_test_speakers
from serenade.corpora.speakers import speaker_ids
from serenade.corpora.split_registry import SPLITS, SplitFamily, SplitRule
from serenade.errors import SplitError


def _grouped(k: int) -> SplitRule:
    def count_folds(table: pd.DataFrame) -> int:
        speakers = speaker_ids(table).nunique()
        # Outside the largest test block there must be two speakers: one for train and one for dev.
        if not 2 <= k <= speakers or speakers - -(-speakers // k) < 2:
            needed = max(k, 4 if k == 2 else 3)
            raise SplitError(
                f"grouped-{k} needs K of 2 or more and at least {needed} speakers; this corpus has {speakers}"
            )
        return k

    def test_speakers(speakers: pd.Series[str], fold: int) -> set[str]:
        return set(np.array_split(np.array(sorted(speakers.unique()), dtype=object), k)[fold - 1])

    return SplitRule(
        about=f"{k} folds of speakers in alphabetical blocks",
        assign=by_test_speakers(test_speakers),
        count_folds=count_folds,
    )


SPLITS.add(
    "grouped-K",
    SplitFamily(about="K folds of speakers in alphabetical blocks, e.g. grouped-6", rule=_grouped),
)
