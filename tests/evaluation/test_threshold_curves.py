"""ROC, precision-recall and DET curves: known values, and what they leave out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from serenade.evaluation.threshold_curves import POINTS, threshold_curves

LABELS = ("anger", "fear", "neutral")


def clips(scores: dict[str, list[float]], emotions: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"emotion": emotions, **{f"score_{label}": values for label, values in scores.items()}}
    )


def test_a_perfect_score_and_a_useless_one() -> None:
    table = clips(
        {"anger": [0.9, 0.8, 0.2, 0.1], "fear": [0.5, 0.5, 0.5, 0.5]}, ["anger", "anger", "fear", "fear"]
    )
    perfect, useless = threshold_curves(table, ["anger", "fear"])
    assert (perfect.auc, perfect.average_precision, perfect.eer) == (1, 1, 0)
    assert (useless.auc, useless.average_precision, useless.eer) == (0.5, 0.5, 0.5)
    assert perfect.det[:, 0].tolist() == [0, 1]
    assert perfect.det[:, -1].tolist() == [1, 0]


def test_long_curves_are_thinned_between_their_ends(synthetic) -> None:
    table = synthetic(3000)
    for curves in threshold_curves(table, LABELS):
        for points in (curves.roc, curves.precision_recall, curves.det):
            assert points.shape[1] <= POINTS
        assert curves.roc[:, 0].tolist() == [0, 0]
        assert curves.roc[:, -1].tolist() == [1, 1]
        area = np.trapezoid(curves.roc[1], curves.roc[0])
        assert area == pytest.approx(curves.auc, abs=0.01)


def test_an_emotion_without_clips_has_no_curve() -> None:
    table = clips({label: [0.5, 0.2] for label in LABELS}, ["anger", "fear"])
    assert [curves.label for curves in threshold_curves(table, LABELS)] == ["anger", "fear"]
