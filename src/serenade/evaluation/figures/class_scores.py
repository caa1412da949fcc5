"""Recall and precision of each class, as horizontal bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from serenade.evaluation.figures.style import Theme, bare, canvas, name_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def class_scores(
    classes: Mapping[str, Mapping[str, float]], *, theme: Theme, listeners: Mapping[str, float] | None = None
) -> Figure:
    """Draw the recall and precision of each class that has clips, and the listeners' recall where known.

    Args:
        classes: `{"precision", "recall", "support"}` by label.
        theme: colours.
        listeners: recall of human listeners by label, 0–1.
    """
    labels = [label for label, scores in classes.items() if scores["support"]]
    with canvas(theme, height_in=0.9 + 0.46 * len(labels)) as (figure, (axes,)):
        rows, known = np.arange(len(labels)), listeners or {}
        for offset, key, colour in ((-0.17, "recall", theme.accent), (0.17, "precision", theme.faint)):
            values = [100 * classes[label][key] for label in labels]
            axes.barh(rows + offset, values, height=0.3, color=colour, label=key)
            for row, value in zip(rows, values, strict=True):
                # The number moves to the right where the listeners' mark would cover it.
                mark = 100 * known[labels[row]] if labels[row] in known else -100.0
                start = mark + 2 if -2 < mark - value < 6 else value + 1
                axes.text(start, row + offset, f"{value:.0f}", va="center", size=8)
        if known:
            points = [100 * known.get(label, np.nan) for label in labels]
            axes.plot(points, rows, "D", color=theme.second, ms=6, ls="none", label="recall of listeners")
        axes.set_yticks(rows, [name_text(label) for label in labels])
        axes.set(xlim=(0, 104), ylim=(len(labels) - 0.5, -0.5), xticks=range(0, 101, 20), xlabel="%")
        axes.grid(axis="x")
        bare(axes, keep="bottom")
        handles, _ = axes.get_legend_handles_labels()
        handles = handles[-2:] + handles[:-2]  # matplotlib puts the line of the listeners first
        figure.legend(handles=handles, loc="outside upper left", handlelength=1.1, ncols=3)
        return figure
