"""What human listeners recognised, as predictions that are scored like those of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from serenade.evaluation.fold_runs import FoldRuns
from serenade.evaluation.predictions import one_per_clip


def listener_scores(scored: pd.DataFrame, labels: Sequence[str], *, group: str) -> dict[str, Any] | None:
    """Score the emotion that most listeners chose, on the clips for which it is known.

    Where as many listeners chose one emotion as another ("fear|sadness"), each counts half.

    Args:
        scored: labelled rows of a checked table of predictions.
        labels: the model's labels.
        group: what the split keeps apart.

    Returns:
        `clips`, every metric by name, `recall` by label, and `model`: the metrics of the model on the same
        clips, averaged in the same way. None without such clips.
    """
    if "listeners_emotion" not in scored.columns:
        return None
    chosen = scored["listeners_emotion"].str.split("|")
    known = scored[chosen.map(set(labels).issuperset)]
    if known.empty:
        return None
    answers = known.assign(predicted=known["listeners_emotion"].str.split("|")).explode("predicted")
    answers["weight"] = 1 / answers.groupby(level=0)["predicted"].transform("size")
    clips = one_per_clip(known)
    hits = answers.loc[clips.index].query("predicted == emotion").groupby("emotion")["weight"].sum()
    recall = (hits / clips["emotion"].value_counts()).reindex(list(labels)).fillna(0.0)
    weights = answers["weight"].to_numpy(float)
    return {
        "clips": len(clips),
        **FoldRuns.of(answers.reset_index(drop=True), labels, group=group, weights=weights).values(),
        "recall": {str(label): float(value) for label, value in recall.items()},
        "model": FoldRuns.of(known, labels, group=group).values(),
    }
