"""The model's score beside the baseline, as horizontal bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serenade.evaluation.figures.style import Theme, bare, canvas, name_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def comparison(rows: Sequence[Mapping[str, Any]], *, theme: Theme, metric: str = "UAR") -> Figure:
    """Draw one bar per row: baseline, listeners, model.

    Args:
        rows: `{"name", "value"}` with a value in 0–1, optional `"low"` and `"high"` (an interval), and
            `"model": True` for the row that is highlighted; from top to bottom.
        theme: colours.
        metric: title of the metric.
    """
    with canvas(theme, height_in=0.55 + 0.42 * len(rows)) as (figure, (axes,)):
        for place, row in enumerate(rows):
            highlighted = bool(row.get("model"))
            colour = theme.accent if highlighted else theme.faint
            value, low, high = (100 * (row.get(key) or 0) for key in ("value", "low", "high"))
            width = 7 if highlighted else 4
            axes.plot([0, value], [place, place], color=colour, lw=width, solid_capstyle="butt")
            if row.get("low") is not None:
                axes.plot([low, high], [place, place], color=theme.ink, lw=1.6)
                for end in (low, high):
                    axes.plot([end, end], [place - 0.16, place + 0.16], color=theme.ink, lw=1.6)
            weight = "bold" if highlighted else "normal"
            axes.text(max(value, high) + 1.5, place, f"{value:.1f}", va="center", weight=weight)
        axes.set_yticks(range(len(rows)), [name_text(row["name"], longest=40) for row in rows])
        axes.set(xlim=(0, 100), ylim=(len(rows) - 0.5, -0.5), xticks=range(0, 101, 20))
        axes.set_xlabel(f"{metric} in %")
        bare(axes, keep="bottom")
        axes.grid(axis="x")
        return figure
