"""The confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from serenade.evaluation.figures.style import WIDTH_IN, Theme, bare, canvas, name_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_matrix(confusion: ArrayLike, labels: Sequence[str], *, theme: Theme) -> Figure:
    """Draw a confusion matrix: percentages of each row, with the counts below them.

    Args:
        confusion: counts `[shape=(classes, classes)]`, rows true, columns predicted.
        labels: names of the classes.
        theme: colours.
    """
    from matplotlib.patches import Rectangle

    counts, size = np.asarray(confusion), len(labels)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    names = [name_text(label) for label in labels]
    side_in = WIDTH_IN / (size + 2)  # the names are as wide as two cells
    with canvas(theme, height_in=side_in * size * 0.86 + 1.2) as (figure, (axes,)):
        for (row, column), share in np.ndenumerate(shares):
            axes.add_patch(
                Rectangle(
                    (column + 0.03, row + 0.03),
                    0.94,
                    0.94,
                    facecolor=theme.cell,
                    alpha=float(0.06 + 0.94 * share**0.75),
                    linewidth=0,
                )
            )
            weight = "bold" if row == column else "normal"
            centred: dict[str, Any] = {"ha": "center", "va": "center"}
            axes.text(column + 0.5, row + 0.42, f"{100 * share:.0f} %", weight=weight, size=9, **centred)
            count = f"{counts[row, column]:,}"
            axes.text(column + 0.5, row + 0.74, count, size=7, color=theme.ink, alpha=0.72, **centred)
        axes.set(xlim=(0, size), ylim=(size, 0))
        axes.set_xticks(np.arange(size) + 0.5, names, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(np.arange(size) + 0.5, names)
        axes.set(xlabel="predicted emotion", ylabel="true emotion")
        bare(axes)
        return figure
