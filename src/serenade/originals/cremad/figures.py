"""Figures that only the original CREMA-D scripts draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from serenade.audio.logmel import FrontEnd
from serenade.evaluation.figures.spectrogram import band_centres_hz
from serenade.evaluation.figures.style import Theme, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def training_history(history: Mapping[str, Sequence[float]], *, theme: Theme) -> Figure:
    """Draw loss and accuracy over epochs, on train and on dev.

    Args:
        history: `train_loss`, `val_loss`, `train_acc`, `val_acc`, one value per epoch.
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
                ("train", theme.faint, "train"),
                ("val", theme.accent, "dev"),
            ):
                values = factor * np.array(history[f"{part}_{key}"])
                marker = "o-" if len(epochs) == 1 else "-"  # one epoch makes no line
                axes.plot(epochs, values, marker, color=colour, label=label)
            axes.set_title(title)
            axes.grid(axis="y")
            axes.set_xlim(0.5, len(epochs) + 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        panels[0].legend(loc="upper right")
        panels[1].set_xlabel("epoch")
        return figure


def confidence_distribution(scores: ArrayLike, classes: Sequence[str], *, theme: Theme) -> Figure:
    """Draw the confidences of each class: one dot per file, and a box from the first to the third quartile.

    Args:
        scores: probabilities [shape=(files, classes)].
        classes: names.
        theme: colours.
    """
    values = 100 * np.asarray(scores, dtype=float)
    places = np.arange(len(classes)) + 1
    # Dots are spread in the order of the files instead of at random, so that the figure is reproducible.
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


def mel_spectrogram(level_db: ArrayLike, *, front_end: FrontEnd, title: str, theme: Theme) -> Figure:
    """Draw a log-mel spectrogram with title, axes in seconds and Hz, and a colour bar in dB.

    Args:
        level_db: spectrogram in dB, lowest band first [shape=(frames, n_mels)].
        front_end: front end of the spectrogram.
        title: text above the axes.
        theme: colours.
    """
    levels, centres_hz = np.asarray(level_db), np.asarray(band_centres_hz(front_end))
    with canvas(theme, height_in=3.2) as (figure, (axes,)):
        image = axes.imshow(
            levels.T,
            origin="lower",
            aspect="auto",
            cmap="magma",
            extent=(0, len(levels) * front_end.hop / front_end.rate_hz, 0, levels.shape[1]),
            interpolation="nearest",
        )
        ticks_hz = [hz for hz in (250, 500, 1000, 2000, 4000, 8000) if hz <= 1.03 * centres_hz[-1]]
        axes.set_yticks(
            np.interp(ticks_hz, centres_hz, np.arange(len(centres_hz)) + 0.5), [f"{hz:,}" for hz in ticks_hz]
        )
        axes.set(xlabel="time in s", ylabel="frequency in Hz")
        # Names may hold "$", which matplotlib would read as mathematics.
        axes.set_title(title, parse_math=False)
        figure.colorbar(image, ax=axes, label="level in dB", pad=0.02)
        return figure
