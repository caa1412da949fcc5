"""Pairs of true and predicted labels for the tests of metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from serenade.evaluation.confusion import confusion_matrix

LABELS = ("anger", "disgust", "fear", "happiness")
CASES = 40


@pytest.fixture
def assert_equals() -> Callable[..., None]:
    """`assert_equals(metric, expected)`: on random labels, also where a class is never true or predicted."""

    def compare(
        metric: Callable[[ArrayLike], NDArray[np.float64]],
        expected: Callable[[Sequence[str], Sequence[str]], float],
    ) -> None:
        rng = np.random.default_rng(0)
        for _ in range(CASES):
            size, classes = rng.integers(1, 60), rng.integers(1, 5)
            true = rng.choice(LABELS[:classes], size).tolist()
            predicted = rng.choice(LABELS[-int(rng.integers(1, 5)) :], size).tolist()
            value = float(metric(confusion_matrix(true, predicted, LABELS)))
            assert value == pytest.approx(expected(true, predicted), abs=1e-12)

    return compare
