"""Calibration of confidences: temperature scaling, calibration error and the threshold of `unsure`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.errors import CorpusError

Floats = NDArray[np.float64]

_LOG_T = (np.log(0.05), np.log(20.0))
"""Bounds of the search for a temperature; a fit at a bound means that the logits are useless."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reliability:
    """Confidence and accuracy of predictions in bins of equal width.

    Attributes:
        edges: bounds of the bins, 0 to 1 `[shape=(bins + 1,)]`.
        counts: predictions in each bin `[shape=(bins,)]`.
        confidence: mean confidence in each bin, NaN where empty `[shape=(bins,)]`.
        accuracy: share of correct predictions in each bin, NaN where empty `[shape=(bins,)]`.
        ece: expected calibration error (ECE), 0–1: mean |confidence − accuracy|, weighted by counts.
    """

    edges: Floats
    counts: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats
    ece: float

    def to_dict(self) -> dict[str, Any]:
        """Return `ece` and `bins` as JSON-able values, None where a bin is empty."""
        confidence, accuracy = (
            [None if np.isnan(value) else float(value) for value in values]
            for values in (self.confidence, self.accuracy)
        )
        bins = {"edges": self.edges.tolist(), "counts": self.counts.tolist()}
        return {"ece": self.ece, "bins": {**bins, "confidence": confidence, "accuracy": accuracy}}


def softmax(logits: ArrayLike, *, temperature: float = 1.0) -> Floats:
    """Compute probabilities `[shape=(n, classes)]` from logits `[shape=(n, classes)]` at a temperature.

    >>> softmax([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    powers = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def fit_temperature(logits: ArrayLike, targets: ArrayLike) -> float:
    """Fit the temperature that maximises the likelihood of `softmax(logits / temperature)`.

    Args:
        logits: `[shape=(n, classes)]`, of dev clips: never of the clips that are reported.
        targets: index of the true class `[shape=(n,)]`.

    Returns:
        A temperature between 0.05 and 20; above 1 the model was overconfident.

    Raises:
        CorpusError: no clips, lengths that differ, or logits that are not finite.

    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017, section 4.2.

    >>> 2.4 < fit_temperature([[3.0, 0.0]] * 4, [0, 0, 0, 1]) < 3.0
    True
    """
    from scipy.optimize import minimize_scalar

    scores, true = _checked(logits, targets)

    def negative_log_likelihood(log_t: float) -> float:
        scaled = scores / np.exp(log_t)
        top = scaled.max(-1)
        log_sum = top + np.log(np.exp(scaled - top[:, None]).sum(-1))
        return float((log_sum - scaled[np.arange(len(true)), true]).mean())

    best = minimize_scalar(negative_log_likelihood, bounds=_LOG_T, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(best.x))


def reliability(confidences: ArrayLike, correct: ArrayLike, *, bins: int = 15) -> Reliability:
    """Compare confidence and accuracy in bins of confidence.

    Args:
        confidences: probability of the predicted class, 0–1 `[shape=(n,)]`.
        correct: whether the prediction is correct `[shape=(n,)]`.
        bins: number of bins of equal width, each open below and closed above.

    Raises:
        CorpusError: no clips, or lengths that differ.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
    AAAI 2015.

    >>> reliability([0.9, 0.9], [True, False], bins=10).ece
    0.4
    """
    confidence, hits = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if confidence.shape != hits.shape or confidence.size == 0:
        raise CorpusError(
            "calibration needs the confidence of each clip and whether it is correct; got "
            f"{confidence.size} and {hits.size}"
        )
    edges = np.linspace(0.0, 1.0, bins + 1)
    bin_of = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    size = np.where(counts > 0, counts, np.nan)
    mean_confidence = np.bincount(bin_of, weights=confidence, minlength=bins) / size
    accuracy = np.bincount(bin_of, weights=hits, minlength=bins) / size
    ece = float(np.nansum(counts * np.abs(mean_confidence - accuracy)) / confidence.size)
    return Reliability(edges=edges, counts=counts, confidence=mean_confidence, accuracy=accuracy, ece=ece)


def unsure_threshold(probabilities: ArrayLike, targets: ArrayLike, *, coverage: float = 0.9) -> float:
    """Choose the confidence below which the model reports `unsure`, on dev clips.

    The least confident tenth of the dev predictions (`1 - coverage`) becomes `unsure`, provided that they
    are correct less often than the others. If they are not, confidence carries no information and the
    threshold is 0: nothing is `unsure`.

    Args:
        probabilities: calibrated, of dev clips `[shape=(n, classes)]`.
        targets: index of the true class `[shape=(n,)]`.
        coverage: share of dev clips that keep their prediction, 0–1.

    Raises:
        CorpusError: no clips, lengths that differ, or probabilities that are not finite.

    >>> unsure_threshold([[0.5, 0.5], [0.9, 0.1], [0.8, 0.2], [0.7, 0.3]], [1, 0, 0, 0], coverage=0.75)
    0.7
    """
    scores, true = _checked(probabilities, targets)
    confidence, correct = scores.max(-1), scores.argmax(-1) == true
    threshold = float(np.quantile(confidence, 1 - coverage, method="higher"))
    kept = confidence >= threshold
    if kept.all() or correct[~kept].mean() >= correct[kept].mean():
        return 0.0
    return threshold


def _checked(scores: ArrayLike, targets: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    rows, true = np.asarray(scores, dtype=np.float64), np.asarray(targets, dtype=np.int64)
    if rows.ndim != 2 or len(rows) == 0 or true.shape != rows.shape[:1]:
        raise CorpusError(
            f"calibration needs scores (n, classes) and n targets; got {rows.shape}, {true.shape}"
        )
    if not np.isfinite(rows).all():
        raise CorpusError("calibration got scores that are not finite; the model or its input is broken")
    return rows, true
