"""The reliability diagram: accuracy by confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from serenade.evaluation.figures.style import Theme, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 10
"""The line leaves out bins with fewer predictions: their accuracy is too uncertain."""


def reliability(bins: Mapping[str, Sequence[float | None]], *, theme: Theme) -> Figure:
    """Draw the accuracy of each bin of confidence, and the number of predictions in it.

    Args:
        bins: `edges` `[shape=(bins + 1,)]`, `counts`, `confidence`, `accuracy` `[shape=(bins,)]`
            (None where empty), as in `metrics.json`.
        theme: colours.
    """
    edges, counts = np.array(bins["edges"]) * 100, np.array(bins["counts"])
    filled = counts > 0
    confidence = 100 * np.array(bins["confidence"], dtype=float)[filled]
    accuracy = 100 * np.array(bins["accuracy"], dtype=float)[filled]
    with canvas(theme, height_in=5.6, heights=(3.4, 1)) as (figure, (top, bottom)):
        top.plot([0, 100], [0, 100], color=theme.faint, lw=1.2, ls=(0, (4, 3)), label="perfect calibration")
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
