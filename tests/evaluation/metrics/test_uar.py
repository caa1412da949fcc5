"""Unweighted average recall."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

from sklearn.metrics import balanced_accuracy_score

from serenade.evaluation.confusion import confusion_matrix
from serenade.evaluation.metrics.uar import uar


def balanced_accuracy(true: Sequence[str], predicted: Sequence[str]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of skipped classes
        return float(balanced_accuracy_score(true, predicted))


def test_is_that_of_scikit_learn(assert_equals: Callable[..., None]) -> None:
    assert_equals(uar, balanced_accuracy)


def test_a_class_without_clips_does_not_count() -> None:
    labels = ("anger", "fear", "happiness")
    assert uar(confusion_matrix(["anger", "fear"], ["anger", "happiness"], labels)) == 0.5
