"""The scores of several runs with their intervals, or differences with theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serenade.evaluation.figures.style import Theme, bare, canvas, name_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def run_scores(
    rows: Sequence[Mapping[str, Any]], *, theme: Theme, title: str, difference: bool = False
) -> Figure:
    """Draw one dot per row, with its interval.

    Args:
        rows: `{"name", "value", "low", "high"}`, values in 0–1, bounds None if unknown; from top to bottom.
        theme: colours.
        title: of the axis, without a unit.
        difference: the values are differences; those whose interval does not contain 0 are highlighted.
    """
    with canvas(theme, height_in=0.6 + 0.4 * len(rows)) as (figure, (axes,)):
        if difference:
            axes.axvline(0, color=theme.faint, lw=1)
        for place, row in enumerate(rows):
            value = 100 * row["value"]
            is_clear = not difference or (row["low"] is not None and row["low"] * row["high"] > 0)
            colour = theme.accent if is_clear else theme.faint
            if row["low"] is not None:
                axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=colour, lw=2.2)
            axes.plot(value, place, "o", color=colour, ms=7)
            text = f"{value:+.1f}" if difference else f"{value:.1f}"
            axes.annotate(
                text, (value, place), xytext=(0, 6), textcoords="offset points", ha="center", size=8.5
            )
        axes.set_yticks(range(len(rows)), [name_text(row["name"], longest=44) for row in rows])
        axes.set(ylim=(len(rows) - 0.5, -0.7))
        axes.set_xlabel(f"{title} in {'points' if difference else '%'}")
        bare(axes, keep="bottom")
        axes.grid(axis="x")
        return figure
