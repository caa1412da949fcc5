"""Weighted F1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.evaluation.confusion import class_f1, ratio
from serenade.evaluation.metric import register_metric


@register_metric(
    "weighted_f1",
    title="weighted F1",
    description="The F1 of each emotion (harmonic mean of its precision and recall), averaged with the "
    "number of its clips as weight, so that a frequent emotion counts most.",
)
def weighted_f1(confusion: ArrayLike) -> NDArray[np.float64]:
    """Compute the mean F1 `[shape=(...)]`, each class weighted by its number of true clips.

    >>> float(weighted_f1([[2, 0], [0, 2]]))
    1.0
    """
    counts = np.asarray(confusion)
    support = counts.sum(-1)
    return ratio((class_f1(counts) * support).sum(-1), support.sum(-1))
