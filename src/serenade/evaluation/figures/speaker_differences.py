"""The difference of two runs for each speaker, sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serenade.evaluation.figures.speaker_scores import MAX_NAMES
from serenade.evaluation.figures.style import Theme, canvas, name_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def speaker_differences(speakers: Sequence[str], differences: Sequence[float], *, theme: Theme) -> Figure:
    """Draw one bar per speaker, from the largest difference to the smallest.

    Args:
        speakers: their names; drawn only for up to 30 speakers.
        differences: UAR of the first run minus UAR of the second, 0–1.
        theme: colours.
    """
    values = 100 * np.asarray(differences, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    with canvas(theme, height_in=2.8) as (figure, (axes,)):
        places = np.arange(len(order))
        colours = [theme.accent if value >= 0 else theme.second for value in values[order]]
        axes.bar(places, values[order], color=colours, width=0.85)
        axes.axhline(0, color=theme.faint, lw=1)
        if len(order) <= MAX_NAMES:
            names = [name_text(speakers[number], longest=14) for number in order]
            axes.set_xticks(places, names, rotation=90, size=8)
        else:
            axes.set_xticks([])
            axes.set_xlabel(f"{len(order):,} speakers, sorted by the difference")
        axes.set(xlim=(-0.7, len(order) - 0.3), ylabel="difference in points")
        axes.grid(axis="y")
        return figure
