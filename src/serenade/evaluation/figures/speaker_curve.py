"""The score on test by the number of training speakers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serenade.evaluation.figures.style import Theme, canvas
from serenade.evaluation.metric import METRICS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def speaker_curve(content: Mapping[str, Any], *, theme: Theme) -> Figure:
    """Draw a dot for each draw of speakers, their means as a line, and the range of the draws as a band.

    Args:
        content: of `speaker_curve.json`.
        theme: colours.
    """
    points = content["points"]
    counts = [point["speakers"] for point in points]
    with canvas(theme, height_in=3.2) as (figure, (axes,)):
        lows = [100 * min(point["scores"]) for point in points]
        highs = [100 * max(point["scores"]) for point in points]
        axes.fill_between(counts, lows, highs, color=theme.accent, alpha=0.15, lw=0)
        axes.plot(counts, [100 * point["mean"] for point in points], "o-", color=theme.accent, ms=6)
        for point in points:
            scores = [100 * score for score in point["scores"]]
            axes.plot([point["speakers"]] * len(scores), scores, ".", color=theme.ink, alpha=0.5, ms=5)
        axes.set_xscale("log", base=2)
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.minorticks_off()
        axes.set(xlabel="speakers in train", ylabel=f"{METRICS[content['metric']].title} on test, %")
        axes.grid(axis="y")
        return figure
