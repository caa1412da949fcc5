"""How far the mean of some clips of a speaker can be trusted to be an offset of the speaker.

It is one, if the clips are of all emotions. The clips have no labels, so the spread of their logits, its
directions, and the likelihood must tell. The bounds were chosen on EmoDB, EMOVO, nEMO and RAVDESS, for which
`benchmarks/adaptation.py` draws the curves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serenade.adaptation.mixture import Floats, fit_shares, log_densities, mean_log_likelihood

FREE_CLIPS = 2
"""Up to so many clips of a speaker change nothing."""

SPREAD = (0.2, 0.6)
"""Bounds of the spread of the clips, relative to training speakers: not trusted below, fully above."""

EM_SPREAD = (0.4, 0.7)
"""The same for the class means of a speaker, which need more evidence than the offset."""

DIRECTIONS = (0.4, 0.8)
"""Bounds of the number of directions in which the clips spread, relative to what is expected."""

MAX_DIRECTIONS = 4.0
"""Directions in which clips of all emotions spread, at most."""

SIZE = (4.0, 12.0)
"""Bounds of the square of the offset, relative to training speakers: fully trusted below, not above."""

EVIDENCE = (-1.0, 0.0)
"""Bounds of the gain in log likelihood per clip."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """What is known of training speakers; see `serenade.adaptation.Adaptation`.

    Attributes:
        means: of the classes [shape=(K, K)].
        precision: inverse of the covariance within a class [shape=(K, K)].
        within: variance within a class, summed over the logits.
        spread: variance of all clips of a speaker, summed over the logits.
        offsets: variance of the offsets, summed over the logits.
    """

    means: Floats
    precision: Floats
    within: float
    spread: float
    offsets: float


def trust(z: Floats, training: Training, *, bounds: tuple[float, float] = SPREAD) -> float:
    """Trust in the offset of some clips, 0 to 1: the product of five terms.

    Number: (n - 2) / (n - 2 + w / o), where w is the variance within a class and o that of training speakers'
    offsets: the weight of a mean of n - 2 clips against the prior that there is no offset.

    Spread: the variance of the clips, relative to training speakers. Clips of one emotion have little.

    Directions: the participation ratio (sum of eigenvalues)² / (sum of their squares) of the covariance,
    relative to 1 / (1 / d + 1 / (n - 1)), which is expected of n clips that spread equally in
    d = min(K - 1, 4) directions. Clips of two emotions spread in one.

    Evidence: by how much the clips are more likely under equal shares of the classes and the offset than
    under free shares of the classes without an offset. Both have K - 1 free numbers.

    Size: the square of the offset, relative to `training.offsets`. A much larger one is more likely caused by
    the emotions of the clips.

    Args:
        z: logits less their mean over the classes [shape=(n, K)].
        training: speakers.
        bounds: of the spread.
    """
    n, classes = z.shape
    if n <= FREE_CLIPS:
        return 0.0
    centred = z - z.mean(0)
    scatter = centred.T @ centred
    total = float(np.trace(scatter))
    if total <= 0 or training.offsets <= 0:
        return 0.0
    directions = total**2 / float((scatter**2).sum())
    expected = 1 / (1 / min(classes - 1, MAX_DIRECTIONS) + 1 / (n - 1))
    offset = z.mean(0) - training.means.mean(0)
    terms = (
        (n - FREE_CLIPS) / (n - FREE_CLIPS + training.within / training.offsets),
        _between(total / (n - 1) / training.spread, bounds),
        _between(directions / expected, DIRECTIONS),
        1 - _between(float((offset**2).sum()) / training.offsets, SIZE),
    )
    product = float(np.prod(terms))
    return product and product * _between(_evidence(z, training.means, training.precision, offset), EVIDENCE)


def _evidence(z: Floats, means: Floats, precision: Floats, offset: Floats) -> float:
    equal = np.full(len(means), 1 / len(means))
    without = log_densities(z, means, precision)
    gain = mean_log_likelihood(log_densities(z - offset, means, precision), equal)
    return gain - mean_log_likelihood(without, fit_shares(without))


def _between(value: float, bounds: tuple[float, float]) -> float:
    """0 below the first bound, 1 above the second, linear between them."""
    low, high = bounds
    return float(np.clip((value - low) / (high - low), 0, 1))
