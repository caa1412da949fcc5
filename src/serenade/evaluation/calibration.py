"""Making a confidence mean what it says: temperature, calibration error, and when to answer `unsure`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.errors import CorpusError

Floats = NDArray[np.float64]

_LOG_T = (np.log(0.05), np.log(20.0))
"""Temperatures are searched for between these; a fit at a bound means that the logits are useless."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reliability:
    """Confidence against truth in bins of equal width.

    Attributes:
        edges: bounds of the bins, 0 to 1 `[shape=(bins + 1,)]`.
        counts: answers in each bin `[shape=(bins,)]`.
        confidence: mean confidence in each bin, NaN where empty `[shape=(bins,)]`.
        accuracy: share of right answers in each bin, NaN where empty `[shape=(bins,)]`.
        ece: expected calibration error: mean |confidence − accuracy|, weighted by counts.
    """

    edges: Floats
    counts: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats
    ece: float


def softmax(logits: ArrayLike, *, temperature: float = 1.0) -> Floats:
    """Probabilities `[shape=(n, classes)]` of logits `[shape=(n, classes)]` at a temperature.

    >>> softmax([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    powers = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def fit_temperature(logits: ArrayLike, targets: ArrayLike) -> float:
    """The temperature that makes `softmax(logits / temperature)` most likely on held-out clips.

    Args:
        logits: `[shape=(n, classes)]`, of dev clips: never of the clips that are reported.
        targets: place of the true class `[shape=(n,)]`.

    Returns:
        A temperature between 0.05 and 20; above 1 the model was overconfident.

    Raises:
        CorpusError: no clips, lengths that differ, or logits that are not finite.

    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017, section 4.2.

    >>> 2.4 < fit_temperature([[3.0, 0.0]] * 4, [0, 0, 0, 1]) < 3.0
    True
    """
    from scipy.optimize import minimize_scalar

    scores, places = _checked(logits, targets)

    def negative_log_likelihood(log_t: float) -> float:
        scaled = scores / np.exp(log_t)
        top = scaled.max(-1)
        log_sum = top + np.log(np.exp(scaled - top[:, None]).sum(-1))
        return float((log_sum - scaled[np.arange(len(places)), places]).mean())

    found = minimize_scalar(negative_log_likelihood, bounds=_LOG_T, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def reliability(confidences: ArrayLike, right: ArrayLike, *, bins: int = 15) -> Reliability:
    """Sort answers into bins of confidence and compare it with how often they were right.

    Args:
        confidences: probability given to the answer, 0–1 `[shape=(n,)]`.
        right: whether the answer was true `[shape=(n,)]`.
        bins: number of bins of equal width, each open below and closed above.

    Raises:
        CorpusError: no clips, or lengths that differ.

    >>> reliability([0.9, 0.9], [True, False], bins=10).ece
    0.4
    """
    sure, hit = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if sure.shape != hit.shape or sure.size == 0:
        raise CorpusError(
            f"calibration needs a confidence and a verdict a clip; got {sure.size} and {hit.size}"
        )
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    whole = np.where(counts > 0, counts, np.nan)
    confidence = np.bincount(place, weights=sure, minlength=bins) / whole
    accuracy = np.bincount(place, weights=hit, minlength=bins) / whole
    ece = float(np.nansum(counts * np.abs(confidence - accuracy)) / sure.size)
    return Reliability(edges=edges, counts=counts, confidence=confidence, accuracy=accuracy, ece=ece)


def expected_calibration_error(probabilities: ArrayLike, targets: ArrayLike, *, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy (ECE), 0–1; 0 when a confidence means what it says.

    Args:
        probabilities: `[shape=(n, classes)]`, rows summing to 1.
        targets: place of the true class `[shape=(n,)]`.
        bins: bins of equal width over the highest probability.

    Raises:
        CorpusError: no clips, lengths that differ, or probabilities that are not finite.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
    AAAI 2015.

    >>> expected_calibration_error([[1.0, 0.0], [1.0, 0.0]], [0, 1])
    0.5
    """
    scores, places = _checked(probabilities, targets)
    return reliability(scores.max(-1), scores.argmax(-1) == places, bins=bins).ece


def unsure_threshold(probabilities: ArrayLike, targets: ArrayLike, *, coverage: float = 0.9) -> float:
    """The confidence below which the model should say `unsure`, chosen on dev clips.

    The rule: the least confident tenth of the dev answers (`1 - coverage`) is given up, provided that they
    are right less often than the answers that are kept. Where they are not, confidence tells nothing and
    the threshold is 0: the model then always answers.

    Args:
        probabilities: calibrated, of dev clips `[shape=(n, classes)]`.
        targets: place of the true class `[shape=(n,)]`.
        coverage: share of dev clips that keep their answer, 0–1.

    Raises:
        CorpusError: no clips, lengths that differ, or probabilities that are not finite.

    >>> unsure_threshold([[0.5, 0.5], [0.9, 0.1], [0.8, 0.2], [0.7, 0.3]], [1, 0, 0, 0], coverage=0.75)
    0.7
    """
    scores, places = _checked(probabilities, targets)
    confidence, right = scores.max(-1), scores.argmax(-1) == places
    threshold = float(np.quantile(confidence, 1 - coverage, method="higher"))
    kept = confidence >= threshold
    if kept.all() or right[~kept].mean() >= right[kept].mean():
        return 0.0
    return threshold


def _checked(scores: ArrayLike, targets: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    rows, places = np.asarray(scores, dtype=np.float64), np.asarray(targets, dtype=np.int64)
    if rows.ndim != 2 or len(rows) == 0 or places.shape != rows.shape[:1]:
        raise CorpusError(
            f"calibration needs scores (n, classes) and n targets; got {rows.shape}, {places.shape}"
        )
    if not np.isfinite(rows).all():
        raise CorpusError("calibration met scores that are not finite; the model or its input is broken")
    return rows, places
