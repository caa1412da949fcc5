"""Selective prediction: how many clips keep a prediction, and how many of those are correct.

A model that reports `unsure` below a confidence predicts fewer clips and makes fewer errors (El-Yaniv and
Wiener, "On the foundations of noise-free selective classification", JMLR 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.errors import CorpusError

PRECISIONS = (0.7, 0.8, 0.9, 0.95)
"""Precisions for which thresholds are reported."""

POINTS = 100
"""Points of a risk-coverage curve."""


def risk_coverage(confidences: ArrayLike, correct: ArrayLike) -> dict[str, Any]:
    """Compute the share of errors among the most confident predictions, for each share of them.

    Args:
        confidences: probability of the predicted class, 0–1 `[shape=(n,)]`.
        correct: whether the prediction is correct `[shape=(n,)]`.

    Returns:
        `coverage` and `risk`, lists of at most 100 points from the fewest to all predictions, and `aurc`, the
        area under the curve: the mean risk over all numbers of predictions.

    Raises:
        CorpusError: no clips, or lengths that differ.

    >>> risk_coverage([0.9, 0.8, 0.7, 0.6], [True, True, False, True])["risk"]
    [0.0, 0.0, 0.3333333333333333, 0.25]
    """
    confidence, hits = _checked(confidences, correct)
    errors = np.cumsum(~hits[np.argsort(-confidence, kind="stable")])
    n = len(confidence)
    risk = errors / np.arange(1, n + 1)
    kept = np.unique(np.linspace(1, n, min(n, POINTS)).round().astype(int))
    return {
        "coverage": (kept / n).tolist(),
        "risk": risk[kept - 1].tolist(),
        "aurc": float(risk.mean()),
    }


def precision_threshold(confidences: ArrayLike, correct: ArrayLike, *, precision: float) -> float | None:
    """Return the lowest confidence at and above which predictions have a precision.

    Args:
        confidences: probability of the predicted class, 0–1 `[shape=(n,)]`.
        correct: whether the prediction is correct `[shape=(n,)]`.
        precision: smallest share of correct predictions, 0–1.

    Returns:
        A confidence; None if even the most confident predictions are correct less often.

    Raises:
        CorpusError: no clips, or lengths that differ.

    >>> precision_threshold([0.9, 0.8, 0.7, 0.6], [True, True, False, False], precision=0.6)
    0.7
    """
    confidence, hits = _checked(confidences, correct)
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    reached = np.cumsum(hits[order]) / np.arange(1, len(order) + 1) >= precision
    # A threshold keeps all predictions of one confidence, so only the last of equal ones counts.
    is_last = np.append(ordered[1:] < ordered[:-1], True)
    found = np.flatnonzero(reached & is_last)
    return float(ordered[found[-1]]) if len(found) else None


def threshold_of_each(probabilities: ArrayLike, targets: ArrayLike) -> dict[str, float]:
    """Return the `precision_threshold` of each precision from 0.5 to 0.95 that is reached, by this precision.

    Args:
        probabilities: calibrated, of clips of held-out speakers `[shape=(n, classes)]`.
        targets: index of the true class `[shape=(n,)]`.

    >>> threshold_of_each([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]], [0, 1, 1])["0.7"]
    0.9
    """
    scores = np.asarray(probabilities, dtype=np.float64)
    correct = scores.argmax(1) == np.asarray(targets)
    found = {
        f"{percent / 100:g}": precision_threshold(scores.max(1), correct, precision=percent / 100)
        for percent in range(50, 100, 5)
    }
    return {name: threshold for name, threshold in found.items() if threshold is not None}


def thresholds(confidences: ArrayLike, correct: ArrayLike, speakers: Sequence[str]) -> list[dict[str, Any]]:
    """Choose the threshold for each of `PRECISIONS`, and estimate what it does for new speakers.

    The threshold that is applied to the clips of a speaker is chosen on the clips of all others, so coverage
    and precision are those that can be expected for a speaker who had no part in the choice.

    Args:
        confidences: probability of the predicted class, 0–1 `[shape=(n,)]`.
        correct: whether the prediction is correct `[shape=(n,)]`.
        speakers: speaker of each clip, "" if unknown.

    Returns:
        For each precision `precision`, `unsure_below` (chosen on all clips; None if it is not reached),
        `coverage` and `reached` (the precision for new speakers; None if no clip is kept). Empty with fewer
        than two known speakers.

    Raises:
        CorpusError: no clips, or lengths that differ.

    >>> rows = thresholds([0.9, 0.6, 0.9, 0.6], [True, False, True, False], ["a", "a", "b", "b"])
    >>> rows[-1]
    {'precision': 0.95, 'unsure_below': 0.9, 'coverage': 0.5, 'reached': 1.0}
    """
    confidence, hits = _checked(confidences, correct)
    names = np.asarray(speakers, dtype=object)
    if len(set(names) - {""}) < 2:
        return []
    rows = []
    for precision in PRECISIONS:
        kept = np.zeros(len(names), bool)
        for name in sorted(set(names)):
            own = names == name
            below = precision_threshold(confidence[~own], hits[~own], precision=precision)
            if below is not None:
                kept |= own & (confidence >= below)
        rows.append(
            {
                "precision": precision,
                "unsure_below": precision_threshold(confidence, hits, precision=precision),
                "coverage": float(kept.mean()),
                "reached": float(hits[kept].mean()) if kept.any() else None,
            }
        )
    return rows


def _checked(confidences: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    confidence, hits = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=bool)
    if confidence.shape != hits.shape or confidence.size == 0:
        raise CorpusError(
            "selective prediction needs the confidence of each clip and whether it is correct; got "
            f"{confidence.size} and {hits.size}"
        )
    return confidence, hits
