"""A mixture of Gaussian classes with one covariance, and the softmax."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_ROUNDS = 15
_PRIOR_CLIPS = 0.5


def softmax(logits: ArrayLike) -> Floats:
    """Probabilities [shape=(n, classes)] of logits [shape=(n, classes)].

    >>> softmax([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    z = np.asarray(logits, dtype=np.float64)
    powers = np.exp(z - z.max(-1, keepdims=True, initial=-np.inf))
    probabilities: Floats = powers / powers.sum(-1, keepdims=True)
    return probabilities


def log_densities(z: Floats, means: Floats, precision: Floats) -> Floats:
    """Log density of each row under each class, less a constant [shape=(n, classes)].

    Args:
        z: [shape=(n, d)].
        means: of the classes [shape=(classes, d)].
        precision: inverse of the covariance [shape=(d, d)].
    """
    residuals = z[:, None] - means
    densities: Floats = -0.5 * np.einsum("nkd,de,nke->nk", residuals, precision, residuals)
    return densities


def mean_log_likelihood(densities: Floats, shares: Floats) -> float:
    """Mean over rows of the log density of the mixture.

    Args:
        densities: from `log_densities` [shape=(n, classes)].
        shares: of the classes, with sum 1 [shape=(classes,)].
    """
    top = densities.max(1)
    return float((top + np.log(np.exp(densities - top[:, None]) @ shares)).mean())


def fit_shares(densities: Floats) -> Floats:
    """Shares of the classes of highest likelihood, by EM with half a clip of prior in each class.

    >>> fit_shares(np.array([[0.0, -50.0], [0.0, -50.0], [-50.0, 0.0]])).round(3).tolist()
    [0.625, 0.375]
    """
    n, classes = densities.shape
    shares = np.full(classes, 1 / classes)
    for _ in range(_ROUNDS):
        posterior = softmax(densities + np.log(shares))
        shares = (posterior.sum(0) + _PRIOR_CLIPS) / (n + _PRIOR_CLIPS * classes)
    return shares
