"""A log-mel spectrogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.audio.logmel import FrontEnd, mel_filters
from serenade.evaluation.figures.style import Theme, bare, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RANGE_DB = 70
"""Levels further below the loudest one are drawn as black."""


def spectrogram(level_db: ArrayLike, *, front_end: FrontEnd, theme: Theme) -> Figure:
    """Draw a log-mel spectrogram.

    Args:
        level_db: `[shape=(frames, mels)]` in dB, lowest band first.
        front_end: that it was computed with.
        theme: colours.
    """
    levels, centres = np.asarray(level_db), band_centres_hz(front_end)
    length_s = len(levels) * front_end.hop / front_end.rate_hz
    with canvas(theme, height_in=1.75, width_in=3.2) as (figure, (axes,)):
        top = float(levels.max())
        axes.imshow(
            levels.T,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=max(float(levels.min()), top - RANGE_DB),
            vmax=max(top, float(levels.min()) + 1e-3),
            extent=(0, length_s, 0, levels.shape[1]),
            interpolation="nearest",
        )
        ticks_hz = [hz for hz in (500, 1000, 2000, 4000, 8000) if hz <= 1.03 * centres[-1]]
        places = np.interp(ticks_hz, centres, np.arange(len(centres)) + 0.5)
        axes.set_yticks(places, [f"{hz:,}" for hz in ticks_hz], size=8)
        axes.tick_params(axis="x", labelsize=8)
        axes.set_ylabel("frequency in Hz", size=8.5)
        axes.set_xlabel("time in s", size=8.5)
        bare(axes)
        # A page has a dozen of these: fixed margins cost a fraction of fitted ones.
        figure.set_layout_engine("none")
        axes.set_position((0.19, 0.27, 0.77, 0.68))
        return figure


def band_centres_hz(front_end: FrontEnd) -> NDArray[np.float64]:
    """Compute the centre of gravity of each mel band in Hz `[shape=(mels,)]`.

    >>> centres = band_centres_hz(FrontEnd())
    >>> len(centres), bool((np.diff(centres) > 0).all())
    (128, True)
    """
    filters = mel_filters(front_end).astype(np.float64)
    hz = np.fft.rfftfreq(front_end.n_fft, 1 / front_end.rate_hz)
    weight = filters.sum(1)
    # A band narrower than a bin of the spectrum has no weight; its centre is interpolated.
    some = np.flatnonzero(weight > 0)
    return np.asarray(np.interp(np.arange(len(filters)), some, (filters[some] @ hz) / weight[some]))
