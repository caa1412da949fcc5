"""Scores by group equal those of the group's clips alone, and unknown or tiny groups are left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from serenade.evaluation.groups import age_groups, group_scores
from serenade.evaluation.scores import score

LABELS = ("anger", "fear", "neutral")


def test_a_group_is_scored_by_its_own_clips(predictions: pd.DataFrame) -> None:
    table = predictions.assign(sex=["female", "male", ""] * 20, fold=1)
    rows = group_scores(table, LABELS, rng=np.random.default_rng(0))["sex"]
    assert [row["name"] for row in rows] == ["female", "male"]
    for row in rows:
        members = table[table["sex"] == row["name"]]
        expected = score(members["emotion"], members["predicted"], LABELS).values
        assert row["uar"]["value"] == pytest.approx(expected["uar"])
        assert row["accuracy"]["value"] == pytest.approx(expected["accuracy"])
        assert row["clips"] == 20
        assert row["mean_confidence"] == pytest.approx(members["confidence"].mean())


def test_one_group_or_tiny_groups_are_no_comparison(predictions: pd.DataFrame) -> None:
    table = predictions.assign(sex="male", race=["x"] * 9 + ["y"] * 51, corpus="toy")
    assert group_scores(table, LABELS, rng=np.random.default_rng(0)) == {}


def test_equal_groups_are_shown_once(predictions: pd.DataFrame) -> None:
    table = predictions.assign(corpus=["x", "y"] * 30, language=["pl", "de"] * 30, sex=["f", "f", "m"] * 20)
    assert list(group_scores(table, LABELS, rng=np.random.default_rng(0))) == ["corpus", "sex"]


def test_ages_are_grouped_as_numbers_of_any_spelling() -> None:
    ages = pd.Series(["20", 44.0, "45", 60, "", "old", np.nan])
    assert age_groups(ages).tolist() == ["under 30", "30 to 44", "45 to 59", "60 and over", "", "", ""]
