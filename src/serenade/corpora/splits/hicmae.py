"""CREMA-D in the five folds of HiCMAE (Sun et al., 2024): blocks of actors."""

from __future__ import annotations

from serenade.corpora.speaker_folds import by_test_speakers, numbered
from serenade.corpora.split_registry import SPLITS, SplitRule

TEST_ACTORS = ((1001, 1018), (1019, 1036), (1037, 1054), (1055, 1072), (1073, 1091))
"""First and last test actor of each fold."""

SPLITS.add(
    "hicmae",
    SplitRule(
        about="CREMA-D in the five folds of HiCMAE, blocks of 18 or 19 actors",
        assign=by_test_speakers(numbered(*TEST_ACTORS)),
        count_folds=lambda table: len(TEST_ACTORS),
        corpus="cremad",
        speakers=frozenset(map(str, range(1001, 1092))),
    ),
)
