"""Logit adjustment: how far the class frequencies are divided out of the predictions, chosen on dev."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serenade.evaluation.metric import METRICS


def fit_logit_adjustment(
    logits: NDArray[np.float32],
    true: NDArray[np.int64],
    *,
    prior: NDArray[np.float32],
    powers: Sequence[float],
    metric: str,
) -> tuple[float, ...]:
    """The numbers to add to the logits, so that rare classes are predicted more often (Menon et al. 2021).

    Probabilities are divided by the class frequencies to a power. Power 0 changes nothing; power 1 makes all
    classes equally likely a priori.

    Args:
        logits: on dev [shape=(n, classes)].
        true: labels on dev by number [shape=(n,)].
        prior: share of each class in the train part [shape=(classes,)].
        powers: those tried; of equally good ones the first is taken.
        metric: a key of `serenade.evaluation.metric.METRICS`, by which the best power is chosen.

    Returns:
        One number for each class; empty where power 0 is the best.

    >>> logits = np.array([[1.0, 0.8], [1.0, 0.0]], np.float32)
    >>> prior = np.array([0.9, 0.1], np.float32)
    >>> shift = fit_logit_adjustment(logits, np.array([1, 0]), prior=prior, powers=(0, 0.2), metric="uar")
    >>> [round(value, 2) for value in shift]
    [0.02, 0.46]
    """
    size = logits.shape[1]
    shifts = [-power * np.log(prior.clip(1e-6)) for power in powers]

    def score(shift: NDArray[np.float32]) -> float:
        predicted = (logits + shift).argmax(1)
        confusion = np.bincount(true * size + predicted, minlength=size * size).reshape(size, size)
        return float(METRICS[metric](confusion))

    best = max(shifts, key=score)
    return tuple(float(value) for value in best) if best.any() else ()
