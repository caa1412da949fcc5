"""The recall of each emotion by several runs, as dots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serenade.evaluation.figures.style import Theme, bare, canvas, name_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = ("o", "s", "^", "D")
"""One for each run; more runs than this would not be told apart."""


def class_recalls(labels: Sequence[str], runs: Mapping[str, Sequence[float]], *, theme: Theme) -> Figure:
    """Draw one row per emotion with the recall of each run.

    Args:
        labels: the emotions.
        runs: recall of each emotion, 0–1, by the name of the run; as many runs as `MARKERS`, or fewer.
        theme: colours.
    """
    colours = (theme.accent, theme.second, theme.faint, theme.ink)
    with canvas(theme, height_in=0.9 + 0.36 * len(labels)) as (figure, (axes,)):
        for place in range(len(labels)):
            values = [100 * recall[place] for recall in runs.values()]
            axes.plot([min(values), max(values)], [place, place], color=theme.rule, lw=4, zorder=1)
        for (name, recall), marker, colour in zip(runs.items(), MARKERS, colours, strict=False):
            values = [100 * value for value in recall]
            style: dict[str, Any] = {
                "color": colour,
                "ms": 7,
                "ls": "none",
                "label": name_text(name, longest=30),
            }
            axes.plot(values, range(len(labels)), marker, clip_on=False, **style)
        axes.set_yticks(range(len(labels)), [name_text(label) for label in labels])
        axes.set(xlim=(0, 100), ylim=(len(labels) - 0.5, -0.5), xlabel="recall in %")
        axes.grid(axis="x")
        bare(axes, keep="bottom")
        figure.legend(loc="outside upper left", ncols=2, handlelength=1)
        return figure
