"""ROC, precision-recall and DET curves of each emotion, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serenade.evaluation.figures.style import Theme, canvas, name_text
from serenade.evaluation.threshold_curves import ThresholdCurves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLES = ("-", "--", ":", "-.")
DET_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6)
"""Rates that the axes of the DET curves name."""

DET_LIMITS = (0.005, 0.8)
"""Rates at both ends of these axes; every curve with an equal error rate between them is in the picture."""

_BEYOND = 1e-5
"""A rate of 0 or 1, which has no normal deviate, is drawn as this rate or 1 minus it, outside the axes."""


def draw_threshold_curves(curves: Sequence[ThresholdCurves], *, theme: Theme) -> Figure:
    """Draw the three kinds of curves, a line for each emotion.

    Args:
        curves: of `serenade.evaluation.threshold_curves`.
        theme: colours.
    """
    from scipy.stats import norm

    colours = (theme.accent, theme.second, theme.ink, theme.faint)
    with canvas(theme, height_in=10.6, heights=(1, 1, 1.45)) as (figure, (roc, precision_recall, det)):
        roc.plot([0, 100], [0, 100], color=theme.rule, lw=1.2)
        limits = norm.ppf(DET_LIMITS)
        det.plot(limits, limits, color=theme.rule, lw=1.2)
        for number, each in enumerate(curves):
            colour, style = colours[number % len(colours)], _STYLES[number // len(colours) % len(_STYLES)]
            label = name_text(each.label)
            roc.plot(*(100 * each.roc), style, color=colour, lw=1.5, label=label)
            precision_recall.plot(*(100 * each.precision_recall), style, color=colour, lw=1.5)
            normal = norm.ppf(np.clip(each.det, _BEYOND, 1 - _BEYOND))
            det.plot(*normal, style, color=colour, lw=1.5)
        roc.set(xlim=(0, 100), ylim=(0, 101), xlabel="false positive rate in %", ylabel="recall in %")
        roc.set_title("ROC")
        precision_recall.set(xlim=(0, 100), ylim=(0, 101), xlabel="recall in %", ylabel="precision in %")
        precision_recall.set_title("precision and recall")
        places = norm.ppf(DET_TICKS)
        names = [f"{100 * tick:g}" for tick in DET_TICKS]
        det.set_xticks(places, names)
        det.set_yticks(places, names)
        det.set(xlim=limits, ylim=limits)
        det.set(xlabel="false alarms in %", ylabel="misses in %")
        det.set_title("DET, normal deviate scale")
        for axes in (roc, precision_recall, det):
            axes.grid()
        longest = max(len(name_text(each.label)) for each in curves)
        figure.legend(loc="outside upper left", ncols=max(1, min(4, 68 // (longest + 9))), handlelength=1.8)
        return figure
