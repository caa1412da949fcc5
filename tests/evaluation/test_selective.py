"""Thresholds keep the promised precision, also for speakers who had no part in the choice."""

from __future__ import annotations

import numpy as np
import pytest

from serenade.errors import CorpusError
from serenade.evaluation.selective import PRECISIONS, precision_threshold, risk_coverage, thresholds


def calibrated(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, and hits that are as frequent as they say."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.3, 1.0, n)
    return confidence, rng.uniform(size=n) < confidence


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_threshold_is_the_lowest_that_has_the_precision(precision: float) -> None:
    confidence, correct = calibrated(400)
    below = precision_threshold(confidence, correct, precision=precision)
    assert below is not None
    assert correct[confidence >= below].mean() >= precision
    for lower in np.unique(confidence[confidence < below]):
        assert correct[confidence >= lower].mean() < precision


def test_predictions_of_one_confidence_are_kept_or_dropped_together() -> None:
    assert precision_threshold([0.9, 0.5, 0.5], [True, True, False], precision=0.9) == 0.9
    assert precision_threshold([0.5, 0.5], [True, False], precision=0.9) is None


def test_the_curve_is_the_share_of_errors_of_the_most_confident() -> None:
    confidence, correct = calibrated(1000)
    curve = risk_coverage(confidence, correct)
    order = np.argsort(-confidence)
    for coverage, risk in zip(curve["coverage"], curve["risk"], strict=True):
        kept = correct[order[: round(coverage * 1000)]]
        assert risk == pytest.approx(1 - kept.mean())
    assert len(curve["risk"]) == 100
    assert curve["coverage"][-1] == 1
    assert curve["aurc"] == pytest.approx(np.mean(curve["risk"]), abs=0.01)


def test_thresholds_hold_for_new_speakers() -> None:
    confidence, correct = calibrated(20_000)
    speakers = [f"{number % 20}" for number in range(20_000)]
    for row in thresholds(confidence, correct, speakers):
        assert row["reached"] == pytest.approx(row["precision"], abs=0.01)
        assert row["coverage"] == pytest.approx((confidence >= row["unsure_below"]).mean(), abs=0.01)


def test_a_speaker_has_no_part_in_the_threshold_for_his_clips() -> None:
    """The clips of `b` are always wrong, so those of `a` alone allow no threshold that `b` would."""
    confidence = [0.9, 0.8, 0.9, 0.8]
    rows = thresholds(confidence, [True, True, False, False], ["a", "a", "b", "b"])
    assert rows[0] == {"precision": 0.7, "unsure_below": None, "coverage": 0.5, "reached": 0.0}


def test_one_speaker_gives_no_estimate() -> None:
    assert thresholds([0.9, 0.8], [True, False], ["a", ""]) == []


def test_lengths_must_agree() -> None:
    for function in (risk_coverage, lambda *given: precision_threshold(*given, precision=0.9)):
        with pytest.raises(CorpusError, match="got 2 and 1"):
            function([0.9, 0.8], [True])
