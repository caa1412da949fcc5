"""The scores under each recording condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from serenade.evaluation.calibration import reliability
from serenade.evaluation.fold_runs import FoldRuns
from serenade.evaluation.robustness.conditions import Condition


def condition_rows(
    predicted: pd.DataFrame, listed: Sequence[Condition], labels: Sequence[str], *, group: str
) -> list[dict[str, Any]]:
    """Score the predictions under each condition.

    Args:
        predicted: one row per clip, condition and model: `condition`, `emotion`, `predicted`, `confidence`,
            `is_unsure`, the column `group` and, for several models, `fold` and `seed`.
        listed: the conditions, the clean recording first.
        labels: the model's labels.
        group: what intervals resample, "speaker" or "dialogue".

    Returns:
        For each condition `name`, `title`, `snr_db`, every metric as `value`, `std`, `low`, `high` (the mean
        over folds), `mean_confidence`, `ece` and `unsure_share`.
    """
    rows = []
    for condition in listed:
        table = predicted[predicted["condition"] == condition.name]
        means = FoldRuns.of(table, labels, group=group).means(rng=np.random.default_rng(0))
        correct = (table["emotion"] == table["predicted"]).to_numpy()
        rows.append(
            {
                "name": condition.name,
                "title": condition.title,
                "snr_db": condition.snr_db,
                **{name: value.to_dict() for name, value in means.items()},
                "mean_confidence": float(table["confidence"].mean()),
                "ece": reliability(table["confidence"], correct).ece,
                "unsure_share": float(table["is_unsure"].mean()),
            }
        )
    return rows
