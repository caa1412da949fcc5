"""K folds of speakers in blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from serenade.corpora.speaker_folds import by_test_speakers, k_folds
from serenade.corpora.split_registry import SPLITS, SplitFamily, SplitRule


def _grouped(k: int) -> SplitRule:
    def test_speakers(speakers: pd.Series[str], fold: int) -> set[str]:
        return set(np.array_split(np.array(sorted(speakers.unique()), dtype=object), k)[fold - 1])

    return SplitRule(
        about=f"{k} folds of speakers in alphabetical blocks",
        assign=by_test_speakers(test_speakers),
        count_folds=k_folds(f"grouped-{k}", k),
    )


SPLITS.add(
    "grouped-K",
    SplitFamily(about="K folds of speakers in alphabetical blocks, e.g. grouped-6", rule=_grouped),
)
