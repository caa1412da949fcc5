"""A random split by file, as many published systems use it; it leaks, and its name says so."""

from __future__ import annotations

import numpy as np
import pandas as pd

from serenade.corpora.split_registry import SPLITS, DevChoice, SplitRule


def _assign(table: pd.DataFrame, fold: int, choice: DevChoice) -> pd.Series[str]:
    order = table.sort_values(["file", "start"], kind="stable").index
    shuffled = order[np.random.default_rng(choice.seed).permutation(len(order))]
    train_end, dev_end = round(0.70 * len(order)), round(0.85 * len(order))
    parts = pd.Series("test", index=table.index)
    parts[shuffled[:dev_end]] = "dev"
    parts[shuffled[:train_end]] = "train"
    return parts


SPLITS.add(
    "random-leaky",
    SplitRule(
        about="70 / 15 / 15 by file; leaks speakers and augmented variants, for comparison only",
        assign=_assign,
        grouped_by="",
        needs_speakers=False,
    ),
)
