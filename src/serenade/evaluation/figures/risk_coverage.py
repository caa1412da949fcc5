"""The risk-coverage curve: errors among the predictions that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serenade.evaluation.figures.style import Theme, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def risk_coverage(curve: Mapping[str, Any], *, rows: Sequence[Mapping[str, Any]], theme: Theme) -> Figure:
    """Draw the share of errors by the share of clips that keep a prediction.

    Args:
        curve: `coverage` and `risk`, as in `metrics.json`.
        rows: thresholds with `precision`, `coverage` and `reached`; they are drawn as points.
        theme: colours.
    """
    with canvas(theme, height_in=3.0) as (figure, (axes,)):
        coverage = [100 * value for value in curve["coverage"]]
        axes.plot(coverage, [100 * value for value in curve["risk"]], color=theme.accent)
        top = max([*(100 * value for value in curve["risk"]), 10])
        shown = [row for row in rows if row["reached"] is not None]
        for row in shown:
            place = 100 * row["coverage"], 100 * (1 - row["reached"])
            axes.plot(*place, "o", color=theme.second, ms=6, clip_on=False, zorder=3)
            # The curve rises to the right, so it leaves this corner free, down to the axis.
            is_high = place[1] > 0.15 * top
            axes.annotate(
                f"{100 * row['precision']:.0f} %",
                place,
                xytext=(6, -12) if is_high else (-6, 6),
                textcoords="offset points",
                ha="left" if is_high else "right",
            )
        axes.set(xlim=(0, 100), ylim=(0, 1.15 * top), xlabel="coverage: clips with a prediction in %")
        axes.set_ylabel("errors among them in %")
        axes.grid()
        return figure
