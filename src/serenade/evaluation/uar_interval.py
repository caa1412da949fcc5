"""The 95 % interval of the UAR on a few clips, such as those of one speaker."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from serenade.evaluation.fold_runs import LEVEL


def uar_interval(confusion: ArrayLike) -> tuple[float, float]:
    """Return the lower and upper bound of the UAR, each clip being an independent trial.

    The interval is that of Wilson ("Probable inference, the law of succession, and statistical inference",
    JASA 22, 1927) for the effective number of clips: that of equally many clips of every class that gives
    the mean of the recalls the same variance. It is slightly wide where the recalls of the classes differ.

    Args:
        confusion: counts of true and predicted classes `[shape=(classes, classes)]`, at least one clip.

    >>> low, high = uar_interval([[8, 2], [0, 0]])
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    from scipy.stats import norm

    counts = np.asarray(confusion, np.float64)
    support = counts.sum(1)
    correct, support = np.diagonal(counts)[support > 0], support[support > 0]
    uar = float(np.mean(correct / support))
    n = len(support) ** 2 / float(np.sum(1 / support))
    z = float(norm.ppf((1 + LEVEL) / 2))
    centre = (n * uar + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * np.sqrt(n * uar * (1 - uar) + z**2 / 4)
    # Rounding must not move a bound past the UAR itself, where that is 0 or 1.
    return max(0.0, min(float(centre - half), uar)), min(1.0, max(float(centre + half), uar))
