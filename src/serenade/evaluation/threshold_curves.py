"""ROC, precision-recall and DET curves of each emotion against all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.text import printable

POINTS = 101
"""Points of each curve, so that a page of many clips stays small."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ThresholdCurves:
    """What the score of one emotion detects, at every threshold.

    Attributes:
        label: the emotion, as it is shown.
        auc: area under the ROC curve.
        average_precision: area under the precision-recall curve, as scikit-learn defines it.
        eer: equal error rate, where misses and false alarms are equally frequent.
        roc: false positive rates and true positive rates `[shape=(2, points)]`.
        precision_recall: recalls and precisions `[shape=(2, points)]`.
        det: false alarm rates and miss rates `[shape=(2, points)]`.
    """

    label: str
    auc: float
    average_precision: float
    eer: float
    roc: NDArray[np.float64]
    precision_recall: NDArray[np.float64]
    det: NDArray[np.float64]


def threshold_curves(clips: pd.DataFrame, labels: Sequence[str]) -> list[ThresholdCurves]:
    """Compute the curves of each emotion that some clips have and others do not.

    Args:
        clips: one prediction per clip, with `emotion` and `score_<label>`.
        labels: the model's labels.

    >>> clips = pd.DataFrame({"emotion": ["a", "a", "b", "b"], "score_a": [0.9, 0.6, 0.7, 0.1],
    ...                       "score_b": [0.1, 0.4, 0.3, 0.9]})
    >>> [(curves.label, curves.auc, curves.eer) for curves in threshold_curves(clips, ["a", "b"])]
    [('a', 0.75, 0.5), ('b', 0.75, 0.5)]
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    found = []
    for label in labels:
        true = (clips["emotion"] == label).to_numpy()
        if true.all() or not true.any():
            continue
        scores = clips[f"score_{label}"].to_numpy(dtype=np.float64)
        false_alarms, hits, _ = roc_curve(true, scores, drop_intermediate=False)
        precision, recall, _ = precision_recall_curve(true, scores)
        nearest = int(np.argmin(np.abs(false_alarms - (1 - hits))))
        found.append(
            ThresholdCurves(
                label=printable(label),
                auc=float(roc_auc_score(true, scores)),
                average_precision=float(average_precision_score(true, scores)),
                eer=float((false_alarms[nearest] + 1 - hits[nearest]) / 2),
                roc=_thinned(false_alarms, hits),
                precision_recall=_thinned(recall, precision),
                det=_thinned(false_alarms, 1 - hits),
            )
        )
    return found


def _thinned(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """At most `POINTS` points of a curve, at equal distances along it, the first and the last among them."""
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    places = np.unique(np.searchsorted(along, np.linspace(0, along[-1], POINTS)))
    return np.stack([x[places], y[places]]).astype(np.float64)
