"""Leave one speaker out: a fold per speaker."""

from __future__ import annotations

import pandas as pd

from serenade.corpora.speaker_folds import by_test_speakers
from serenade.corpora.speakers import speaker_ids
from serenade.corpora.split_registry import SPLITS, SplitRule


def _test_speaker(speakers: pd.Series[str], fold: int) -> set[str]:
    return {sorted(speakers.unique())[fold - 1]}


SPLITS.add(
    "one-speaker-out",
    SplitRule(
        about="one fold per speaker, with this speaker as test",
        assign=by_test_speakers(_test_speaker),
        count_folds=lambda table: speaker_ids(table).nunique(),
    ),
)
