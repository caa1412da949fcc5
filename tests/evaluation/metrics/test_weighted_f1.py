"""Weighted F1."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sklearn.metrics import f1_score

from serenade.evaluation.metrics.weighted_f1 import weighted_f1


def test_is_that_of_scikit_learn(assert_equals: Callable[..., None]) -> None:
    assert_equals(weighted_f1, partial(f1_score, average="weighted", zero_division=0))
