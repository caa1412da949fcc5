"""The interval of the UAR on the clips of one speaker."""

from __future__ import annotations

import numpy as np
import pytest

from serenade.evaluation.uar_interval import uar_interval


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_one_class_has_the_published_interval_of_wilson(correct, n, low, high):
    assert uar_interval([[correct, n - correct], [0, 0]]) == pytest.approx((low, high), abs=5e-5)


def test_it_contains_the_uar_and_is_never_empty():
    for confusion in ([[4, 0], [0, 4]], [[0, 4], [4, 0]], [[4, 0], [4, 0]]):
        uar = (confusion[0][0] + confusion[1][1]) / 8
        low, high = uar_interval(confusion)
        assert 0 <= low <= uar <= high <= 1
        assert high - low > 0.2


@pytest.mark.parametrize(
    ("clips", "recalls"),
    [
        ([8] * 7 + [4], [0.97, 0.95, 0.95, 0.9, 0.9, 0.85, 0.8, 0.8]),  # a good model on RAVDESS
        ([8] * 7 + [4], [0.9, 0.8, 0.85, 0.7, 0.6, 0.8, 0.6, 0.75]),
        ([4] * 6, [0.6, 0.5, 0.5, 0.4, 0.4, 0.3]),
        ([20] * 6, [0.95, 0.9, 0.7, 0.6, 0.5, 0.3]),
    ],
)
def test_it_misses_the_true_uar_at_most_5_times_in_100_and_on_no_side_more_than_4(clips, recalls):
    rng = np.random.default_rng(0)
    size, true = len(recalls), float(np.mean(recalls))
    below = above = 0
    for correct in rng.binomial(clips, recalls, size=(1000, size)):
        confusion = np.zeros((size, size + 1))
        confusion[np.arange(size), np.arange(size)] = correct
        confusion[:, size] = clips - correct
        low, high = uar_interval(confusion)
        below += true < low
        above += true > high
    assert below + above <= 60
    assert max(below, above) <= 40
