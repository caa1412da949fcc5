"""Accuracy."""

from __future__ import annotations

from collections.abc import Callable

from sklearn.metrics import accuracy_score

from serenade.evaluation.metrics.accuracy import accuracy


def test_is_that_of_scikit_learn(assert_equals: Callable[..., None]) -> None:
    assert_equals(accuracy, accuracy_score)
