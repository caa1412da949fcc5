"""Macro F1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.evaluation.confusion import class_f1, ratio
from serenade.evaluation.metric import register_metric


@register_metric(
    "macro_f1",
    title="macro F1",
    description="The F1 of each emotion (harmonic mean of its precision and recall), averaged over the "
    "emotions.",
)
def macro_f1(confusion: ArrayLike) -> NDArray[np.float64]:
    """Compute the mean F1 `[shape=(...)]` of the classes that occur among the true or the predicted labels.

    >>> float(macro_f1([[2, 0], [0, 2]]))
    1.0
    """
    counts = np.asarray(confusion)
    occurs = counts.sum(-1) + counts.sum(-2) > 0
    return ratio(class_f1(counts).sum(-1), occurs.sum(-1))
