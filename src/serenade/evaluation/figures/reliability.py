"""The reliability diagram: accuracy by confidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serenade.evaluation.figures.style import Theme, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 10
"""The line leaves out bins with fewer predictions: their accuracy is too uncertain."""


def reliability(calibration: Mapping[str, Any], *, theme: Theme) -> Figure:
    """Draw the accuracy of each bin of confidence, and the number of predictions in it.

    Args:
        calibration: of `metrics.json`: `bins` with `edges` `[shape=(bins + 1,)]`, `counts`, `confidence`,
            `accuracy` `[shape=(bins,)]` (None where empty), and `uncalibrated` with `bins`, or None.
        theme: colours.
    """
    bins = calibration["bins"]
    edges, counts = np.array(bins["edges"]) * 100, np.array(bins["counts"])
    filled, confidence, accuracy = _points(bins)
    with canvas(theme, height_in=5.6, heights=(3.4, 1)) as (figure, (top, bottom)):
        top.plot([0, 100], [0, 100], color=theme.faint, lw=1.2, ls=(0, (4, 3)), label="perfect calibration")
        if calibration["uncalibrated"]:
            before = calibration["uncalibrated"]["bins"]
            shown, *line = _points(before)
            many = np.array(before["counts"])[shown] >= FEW
            style: dict[str, Any] = {"color": theme.second, "lw": 1.2, "ms": 4, "mfc": theme.paper}
            if many.any():
                points = [values[many] for values in line]
                top.plot(*points, "s-", label="before calibration", clip_on=False, **style)
        many = counts[filled] >= FEW
        top.plot(confidence[many], accuracy[many], "-", color=theme.accent, lw=1.4)
        sizes = 14 + 110 * counts[filled] / counts.max()
        top.scatter(
            confidence,
            accuracy,
            s=sizes,
            color=theme.accent,
            label="this model",
            zorder=3,
            linewidth=0,
            clip_on=False,
        )
        top.set(xlim=(0, 100), ylim=(0, 100), ylabel="accuracy in %")
        top.legend(loc="upper left")
        top.grid()
        width = np.diff(edges) * 0.86
        bottom.bar(edges[:-1], counts, width=width, align="edge", color=theme.faint, linewidth=0)
        bottom.set(xlim=(0, 100), ylabel="clips", xlabel="confidence in %")
        return figure


def _points(bins: Mapping[str, Any]) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Which bins are filled, and their confidence and accuracy in %."""
    filled = np.array(bins["counts"]) > 0
    confidence, accuracy = (
        100 * np.array(bins[name], dtype=float)[filled] for name in ("confidence", "accuracy")
    )
    return filled, confidence, accuracy
