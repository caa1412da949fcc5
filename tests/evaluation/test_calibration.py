"""Temperature, calibration error and the threshold of `unsure`, on answers of a known honesty."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.errors import CorpusError
from serenade.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
    softmax,
    unsure_threshold,
)


def honest(n: int = 6000, classes: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and targets drawn from them: calibrated by construction."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, classes))
    targets = (softmax(logits).cumsum(-1) > rng.random((n, 1))).argmax(-1)
    return logits, targets


@pytest.mark.parametrize("exaggeration", [0.5, 1.0, 3.0])
def test_temperature_undoes_a_known_exaggeration(exaggeration: float) -> None:
    logits, targets = honest()
    assert fit_temperature(logits * exaggeration, targets) == pytest.approx(exaggeration, rel=0.06)


def test_temperature_mends_the_calibration_error() -> None:
    logits, targets = honest()
    loud = logits * 3
    before = expected_calibration_error(softmax(loud), targets)
    after = expected_calibration_error(softmax(loud, temperature=fit_temperature(loud, targets)), targets)
    assert before > 0.15
    assert after < 0.03


@given(st.integers(1, 40), st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_error_is_what_a_plain_loop_says(bins: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidences, right = rng.random(50), rng.random(50) < 0.5
    expected = 0.0
    for i in range(bins):
        inside = (confidences > i / bins) & (confidences <= (i + 1) / bins)
        if inside.any():
            expected += inside.sum() / 50 * abs(confidences[inside].mean() - right[inside].mean())
    assert reliability(confidences, right, bins=bins).ece == pytest.approx(expected, abs=1e-9)


def test_bins_hold_every_answer_and_empty_ones_are_nan() -> None:
    table = reliability([0.0, 1.0, 0.95], [False, True, True], bins=10)
    assert table.counts.sum() == 3
    assert table.counts[[0, 9]].tolist() == [1, 2]
    assert np.isnan(table.accuracy[5])


def test_unsure_gives_up_the_least_confident_tenth() -> None:
    logits, targets = honest()
    probabilities = softmax(logits)
    threshold = unsure_threshold(probabilities, targets)
    assert (probabilities.max(-1) < threshold).mean() == pytest.approx(0.1, abs=0.005)


def test_a_confidence_that_tells_nothing_makes_nothing_unsure() -> None:
    logits, _ = honest()
    probabilities = softmax(logits)
    least = probabilities.max(-1) < np.quantile(probabilities.max(-1), 0.1)
    best = probabilities.argmax(-1)
    backwards = np.where(least, best, (best + 1) % 5)  # right only where it is least confident
    assert unsure_threshold(probabilities, backwards) == 0.0


def test_equal_confidences_make_nothing_unsure() -> None:
    assert unsure_threshold(np.full((8, 2), 0.5), np.arange(8) % 2) == 0.0


@pytest.mark.parametrize("call", [fit_temperature, expected_calibration_error, unsure_threshold])
def test_unusable_scores_are_refused(call) -> None:
    with pytest.raises(CorpusError, match="got"):
        call(np.zeros((0, 3)), np.zeros(0, dtype=int))
    with pytest.raises(CorpusError, match="got"):
        call(np.zeros((4, 3)), np.zeros(3, dtype=int))
    with pytest.raises(CorpusError, match="not finite"):
        call(np.array([[np.nan, 1.0]]), np.array([0]))
