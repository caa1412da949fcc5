"""The two figures of the original CREMA-D system that serenade has no better one for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from serenade.evaluation.style import Theme, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def training_history(history: Mapping[str, Sequence[float]], *, theme: Theme) -> Figure:
    """Loss and accuracy by epoch, on what was learnt from and on what was chosen by.

    Args:
        history: `train_loss`, `val_loss`, `train_acc`, `val_acc`, a value an epoch.
        theme: colours.
    """
    from matplotlib.ticker import MaxNLocator

    epochs = np.arange(1, len(history["train_loss"]) + 1)
    with canvas(theme, height_in=4.8, heights=(1, 1)) as (figure, panels):
        for axes, key, factor, title in (
            (panels[0], "loss", 1, "loss (lower is better)"),
            (panels[1], "acc", 100, "accuracy in %"),
        ):
            for part, colour, label in (
                ("train", theme.faint, "on the training part"),
                ("val", theme.accent, "on the dev part"),
            ):
                values = factor * np.array(history[f"{part}_{key}"])
                marker = "o-" if len(epochs) == 1 else "-"  # one epoch has no line
                axes.plot(epochs, values, marker, color=colour, label=label)
            axes.set_title(title)
            axes.grid(axis="y")
            axes.set_xlim(0.5, len(epochs) + 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        panels[0].legend(loc="upper right")
        panels[1].set_xlabel("epoch")
        return figure


def confidence_distribution(scores: ArrayLike, classes: Sequence[str], *, theme: Theme) -> Figure:
    """How high each class was scored, a dot a file, and a box over its middle half.

    Args:
        scores: probabilities [shape=(files, classes)].
        classes: names.
        theme: colours.
    """
    values = 100 * np.asarray(scores, dtype=float)
    places = np.arange(len(classes)) + 1
    # Dots are spread by their order in the folder: no chance, so that the figure can be repeated.
    spread = np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else np.zeros(1)
    with canvas(theme, height_in=3.6) as (figure, (axes,)):
        for place, column in zip(places, values.T, strict=True):
            axes.plot(place + spread, column, "o", color=theme.accent, ms=3.5, alpha=0.45, mew=0)
        axes.boxplot(
            list(values.T),
            positions=places.tolist(),
            widths=0.5,
            showfliers=False,
            boxprops={"color": theme.ink},
            whiskerprops={"color": theme.ink},
            capprops={"color": theme.ink},
            medianprops={"color": theme.second, "linewidth": 2},
        )
        axes.set_xticks(places, list(classes))
        axes.set(ylim=(0, 100), ylabel="confidence in %")
        axes.grid(axis="y")
        return figure
