"""Accuracy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.evaluation.confusion import ratio
from serenade.evaluation.metric import register_metric


@register_metric(
    "accuracy", title="accuracy", description="The share of clips that are classified correctly."
)
def accuracy(confusion: ArrayLike) -> NDArray[np.float64]:
    """Compute the accuracy `[shape=(...)]` of confusion matrices `[shape=(..., classes, classes)]`.

    >>> float(accuracy([[3, 1], [0, 0]]))
    0.75
    """
    counts = np.asarray(confusion)
    return ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum((-2, -1)))
