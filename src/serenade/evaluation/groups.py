"""Scores by group of speakers: corpus, language, sex, age, race, ethnicity."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from serenade.evaluation.calibration import reliability
from serenade.evaluation.fold_runs import FoldRuns

ATTRIBUTES = ("corpus", "language", "sex", "age", "race", "ethnicity")
"""Columns of a corpus table by which clips are grouped."""

AGES = (0, 30, 45, 60, 200)
"""Lower bounds in years of the age groups, and the upper bound of the last one."""

MIN_CLIPS = 10
"""Smaller groups are not scored."""


def group_scores(
    clips: pd.DataFrame, labels: Sequence[str], *, rng: np.random.Generator, group: str = "speaker"
) -> dict[str, list[dict[str, Any]]]:
    """Score the groups of clips that differ in an attribute of their speakers.

    Args:
        clips: one prediction per clip, with some of `ATTRIBUTES`. "" (and no age) means unknown.
        labels: the model's labels.
        rng: for the intervals.
        group: what intervals resample, "speaker" or "dialogue".

    Returns:
        For each attribute with two groups or more, unless its groups are those of an earlier one: `name` of
        the group, `clips`, `speakers`, `labels` (the number of labels in it), every metric as `value`, `std`,
        `low`, `high`, `mean_confidence` and `ece`.

    >>> clips = pd.DataFrame({"emotion": ["a", "b"] * 10, "predicted": ["a", "b"] * 5 + ["a", "a"] * 5,
    ...                       "confidence": 0.9, "speaker": "1", "sex": ["male"] * 10 + ["female"] * 10})
    >>> [(row["name"], row["uar"]["value"]) for row in group_scores(
    ...     clips, ["a", "b"], rng=np.random.default_rng(0))["sex"]]
    [('female', 0.5), ('male', 1.0)]
    """
    clips = clips.drop(columns=["fold", "seed"], errors="ignore")
    found = {}
    seen: list[list[int]] = []
    for attribute in ATTRIBUTES:
        if attribute not in clips:
            continue
        names = age_groups(clips["age"]) if attribute == "age" else clips[attribute]
        partition = pd.factorize(names)[0].tolist()
        if partition in seen:  # such as the language, where each corpus is of another one
            continue
        seen.append(partition)
        rows = [
            _scores(str(name), members, labels, rng=rng, group=group)
            for name, members in clips[names != ""].groupby(names[names != ""], sort=True)
            if len(members) >= MIN_CLIPS
        ]
        if len(rows) > 1:
            found[attribute] = rows
    return found


def age_groups(ages: pd.Series[Any]) -> pd.Series[str]:
    """Name the age group of each clip; "" where the age is unknown.

    >>> age_groups(pd.Series([29, 30, 74, None])).tolist()
    ['under 30', '30 to 44', '60 and over', '']
    """
    bounds = list(pairwise(AGES))
    names = [f"{low} to {high - 1}" for low, high in bounds]
    names[0], names[-1] = f"under {AGES[1]}", f"{AGES[-2]} and over"
    years = pd.to_numeric(ages, errors="coerce")
    groups = pd.Series("", index=ages.index, dtype=object)
    for name, (low, high) in zip(names, bounds, strict=True):
        groups[(years >= low) & (years < high)] = name
    return groups


def _scores(
    name: str, clips: pd.DataFrame, labels: Sequence[str], *, rng: np.random.Generator, group: str
) -> dict[str, Any]:
    means = FoldRuns.of(clips, labels, group=group).means(rng=rng)
    correct = (clips["emotion"] == clips["predicted"]).to_numpy()
    return {
        "name": name,
        "clips": len(clips),
        "speakers": int(clips.loc[clips["speaker"] != "", "speaker"].nunique()),
        "labels": int(clips["emotion"].nunique()),
        **{metric: value.to_dict() for metric, value in means.items()},
        "mean_confidence": float(clips["confidence"].mean()),
        "ece": reliability(clips["confidence"], correct).ece,
    }
