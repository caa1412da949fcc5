"""The dev scores of the trials of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serenade.evaluation.figures.style import Theme, bare, canvas, name_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sweep_scores(trials: Sequence[tuple[str, float, Sequence[float]]], *, theme: Theme, title: str) -> Figure:
    """Draw one row per trial: a dot for each fold and a larger one for their mean; the best is highlighted.

    Args:
        trials: name, mean and score of each fold, 0–1.
        theme: colours.
        title: of the axis, without a unit.
    """
    best = max(range(len(trials)), key=lambda number: trials[number][1])
    with canvas(theme, height_in=0.7 + 0.36 * len(trials)) as (figure, (axes,)):
        for place, (_, mean, folds) in enumerate(trials):
            colour = theme.accent if place == best else theme.faint
            axes.plot(
                [100 * value for value in folds], [place] * len(folds), "o", color=colour, alpha=0.35, ms=4
            )
            axes.plot(100 * mean, place, "D", color=colour, ms=7)
            text = f"{100 * mean:.1f}"
            axes.annotate(
                text, (100 * mean, place), xytext=(0, 6), textcoords="offset points", ha="center", size=8
            )
        axes.set_yticks(range(len(trials)), [name_text(name, longest=40) for name, *_ in trials])
        axes.set(ylim=(len(trials) - 0.5, -0.8), xlabel=f"{title} in %")
        axes.grid(axis="x")
        bare(axes, keep="bottom")
        return figure
