"""Unweighted average recall, scikit-learn's `balanced_accuracy_score`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.evaluation.confusion import ratio
from serenade.evaluation.metric import register_metric


@register_metric(
    "uar",
    title="UAR",
    description="Unweighted average recall: the recall of each emotion, averaged over the emotions, so that "
    "a rare emotion counts as much as a frequent one.",
)
def uar(confusion: ArrayLike) -> NDArray[np.float64]:
    """Compute the UAR `[shape=(...)]` of confusion matrices `[shape=(..., classes, classes)]`.

    A class without a true clip has no recall and is skipped, as in scikit-learn's `balanced_accuracy_score`.

    >>> float(uar([[3, 1, 0], [1, 1, 0], [0, 0, 0]]))
    0.625
    """
    counts = np.asarray(confusion)
    support = counts.sum(-1)
    recall = ratio(np.diagonal(counts, axis1=-2, axis2=-1), support)
    return ratio(recall.sum(-1), (support > 0).sum(-1))
