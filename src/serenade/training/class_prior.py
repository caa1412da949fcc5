"""How far the frequency of the classes is taken out of the answers, chosen on dev."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serenade.evaluation.metrics import METRICS


def prior_shift(
    logits: NDArray[np.float32],
    true: NDArray[np.int64],
    *,
    prior: NDArray[np.float32],
    powers: Sequence[float],
    metric: str,
) -> tuple[float, ...]:
    """What is added to the logits, so that a rare class has its chance (Menon et al. 2021).

    Probabilities are divided by the class frequencies to a power: at 0 nothing changes, at 1 every class is
    as likely beforehand.

    Args:
        logits: on dev [shape=(n, classes)].
        true: labels on dev by number [shape=(n,)].
        prior: share of each class in the train part [shape=(classes,)].
        powers: those tried; the first of the best is taken.
        metric: a key of `serenade.evaluation.metrics.METRICS` to be best in.

    Returns:
        One number a class; empty where nothing is added.

    >>> logits = np.array([[1.0, 0.8], [1.0, 0.0]], np.float32)
    >>> prior = np.array([0.9, 0.1], np.float32)
    >>> shift = prior_shift(logits, np.array([1, 0]), prior=prior, powers=(0, 0.2), metric="uar")
    >>> [round(value, 2) for value in shift]
    [0.02, 0.46]
    """
    size = logits.shape[1]
    shifts = [-power * np.log(prior.clip(1e-6)) for power in powers]

    def goodness(shift: NDArray[np.float32]) -> float:
        said = (logits + shift).argmax(1)
        confusion = np.bincount(true * size + said, minlength=size * size).reshape(size, size)
        return float(METRICS[metric](confusion))

    best = max(shifts, key=goodness)
    return tuple(float(value) for value in best) if best.any() else ()
