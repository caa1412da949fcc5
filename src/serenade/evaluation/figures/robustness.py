"""Scores under recording conditions: lines over the signal-to-noise ratio, bars for other conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serenade.evaluation.figures.style import Theme, bare, canvas
from serenade.evaluation.metric import METRICS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLES = ("o-", "s--", "^:")


def robustness(content: Mapping[str, Any], *, theme: Theme) -> Figure:
    """Draw the scores of `robustness.json`.

    Args:
        content: with `headline` and `conditions`, the clean recording first.
        theme: colours.
    """
    metric = METRICS[content["headline"]]
    clean, *others = [
        (condition, 100 * condition[metric.name]["value"]) for condition in content["conditions"]
    ]
    noisy = [pair for pair in others if pair[0]["snr_db"] is not None]
    plain = [pair for pair in others if pair[0]["snr_db"] is None]
    heights = (2.5, 0.3 * (len(plain) + 1))
    with canvas(theme, height_in=sum(heights) + 1.3, heights=heights) as (figure, (top, bottom)):
        snrs_db = sorted({condition["snr_db"] for condition, _ in noisy}, reverse=True)
        places = {None: 0} | {snr_db: place for place, snr_db in enumerate(snrs_db, 1)}
        colours = (theme.accent, theme.second, theme.faint)
        for number, title in enumerate(dict.fromkeys(condition["title"] for condition, _ in noisy)):
            line = [clean, *(pair for pair in noisy if pair[0]["title"] == title)]
            top.plot(
                [places[condition["snr_db"]] for condition, _ in line],
                [value for _, value in line],
                _STYLES[number % len(_STYLES)],
                color=colours[number % len(colours)],
                label=title,
                ms=5,
                clip_on=False,
            )
        top.set_xticks(range(len(places)), ["clean", *(f"{snr_db} dB" for snr_db in snrs_db)])
        top.set(ylim=(0, 100), ylabel=f"{metric.title} in %", xlabel="signal-to-noise ratio")
        top.set_title("noise")
        top.legend(loc="lower left")
        top.grid(axis="y")
        for place, (condition, value) in enumerate([clean, *plain]):
            colour = theme.faint if condition is clean[0] else theme.accent
            bottom.plot([0, value], [place, place], color=colour, lw=6, solid_capstyle="butt")
            bottom.text(value + 1.5, place, f"{value:.1f}", va="center")
        names = [condition["title"] for condition, _ in (clean, *plain)]
        bottom.set_yticks(range(len(names)), names)
        bottom.set(xlim=(0, 100), ylim=(len(names) - 0.5, -0.5), xticks=range(0, 101, 20))
        bottom.set_xlabel(f"{metric.title} in %")
        bottom.set_title("other conditions")
        bare(bottom, keep="bottom")
        bottom.grid(axis="x")
        return figure
