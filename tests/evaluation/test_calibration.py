"""Temperature, calibration error and the threshold of `unsure`, on predictions of known calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.errors import CorpusError
from serenade.evaluation.calibration import (
    fit_temperature,
    reliability,
    softmax,
    unsure_threshold,
)


def calibrated(n: int = 6000, classes: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and targets drawn from them: calibrated by construction."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, classes))
    targets = (softmax(logits).cumsum(-1) > rng.random((n, 1))).argmax(-1)
    return logits, targets


def calibration_error(probabilities: np.ndarray, targets: np.ndarray) -> float:
    return reliability(probabilities.max(-1), probabilities.argmax(-1) == targets).ece


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_temperature_finds_a_known_factor(factor: float) -> None:
    logits, targets = calibrated()
    assert fit_temperature(logits * factor, targets) == pytest.approx(factor, rel=0.06)


def test_temperature_corrects_the_calibration_error() -> None:
    logits, targets = calibrated()
    overconfident = logits * 3
    temperature = fit_temperature(overconfident, targets)
    assert calibration_error(softmax(overconfident), targets) > 0.15
    assert calibration_error(softmax(overconfident, temperature=temperature), targets) < 0.03


@given(st.integers(1, 40), st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_the_error_is_that_of_a_plain_loop(bins: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidences, right = rng.random(50), rng.random(50) < 0.5
    expected = 0.0
    for i in range(bins):
        inside = (confidences > i / bins) & (confidences <= (i + 1) / bins)
        if inside.any():
            expected += inside.sum() / 50 * abs(confidences[inside].mean() - right[inside].mean())
    assert reliability(confidences, right, bins=bins).ece == pytest.approx(expected, abs=1e-9)


def test_bins_hold_every_prediction_and_empty_ones_are_nan() -> None:
    table = reliability([0.0, 1.0, 0.95], [False, True, True], bins=10)
    assert table.counts.sum() == 3
    assert table.counts[[0, 9]].tolist() == [1, 2]
    assert np.isnan(table.accuracy[5])
    assert table.to_dict()["bins"]["accuracy"][5] is None


def test_the_least_confident_tenth_becomes_unsure() -> None:
    logits, targets = calibrated()
    probabilities = softmax(logits)
    threshold = unsure_threshold(probabilities, targets)
    assert (probabilities.max(-1) < threshold).mean() == pytest.approx(0.1, abs=0.005)


def test_nothing_is_unsure_where_confidence_carries_no_information() -> None:
    logits, _ = calibrated()
    probabilities = softmax(logits)
    least = probabilities.max(-1) < np.quantile(probabilities.max(-1), 0.1)
    best = probabilities.argmax(-1)
    reversed_ = np.where(least, best, (best + 1) % 5)  # right only where it is least confident
    assert unsure_threshold(probabilities, reversed_) == 0.0


def test_equal_confidences_make_nothing_unsure() -> None:
    assert unsure_threshold(np.full((8, 2), 0.5), np.arange(8) % 2) == 0.0


@pytest.mark.parametrize("call", [fit_temperature, unsure_threshold])
def test_unusable_scores_are_refused(call) -> None:
    with pytest.raises(CorpusError, match="got"):
        call(np.zeros((0, 3)), np.zeros(0, dtype=int))
    with pytest.raises(CorpusError, match="got"):
        call(np.zeros((4, 3)), np.zeros(3, dtype=int))
    with pytest.raises(CorpusError, match="not finite"):
        call(np.array([[np.nan, 1.0]]), np.array([0]))
