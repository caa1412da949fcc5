"""MELD's own parts, which share speakers but no dialogue."""

from __future__ import annotations

from serenade.corpora.split_registry import SPLITS, SplitRule
from serenade.corpora.splits.official import assign_official

SPLITS.add(
    "meld",
    SplitRule(
        about="MELD as published: by dialogue; train, dev and test share speakers",
        assign=assign_official,
        corpus="meld",
        grouped_by="dialogue",
        needs_speakers=False,
    ),
)
