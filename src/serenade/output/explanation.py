"""The explanation of a prediction as a figure and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.logmel import FrontEnd, log_mel
from serenade.files import write_json, write_whole
from serenade.inference.explain import Explanation, explain
from serenade.inference.model import Model
from serenade.output.paths import paths_per_recording
from serenade.text import MATPLOTLIB_TEXT, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK, _FAINT, _ACCENT = "#333333", "#667085", "#4c78a8"
_FOR, _AGAINST = (0.84, 0.15, 0.16), (0.12, 0.35, 0.71)
_RANGE_DB = 70.0
_TICKS_HZ = (250, 500, 1000, 2000, 4000, 8000)


def explain_all(model: Model, files: Sequence[Path], folder: Path, *, track: int | None = None) -> list[Path]:
    """Write a figure (PNG) and a JSON file for each recording.

    Args:
        model: of sound alone.
        files: the recordings.
        folder: where the files go.
        track: number of the audio track, from 1; None for the first that is not silent.

    Returns:
        The recordings without speech, which have no explanation.
    """
    import matplotlib as mpl

    silent = []
    for file, out in paths_per_recording(files, folder, suffix=".png").items():
        found = explain(model, file, track=track)
        if found is None:
            silent.append(file)
            continue
        figure = new_figure(found, name=file.name)
        with mpl.rc_context(MATPLOTLIB_TEXT), write_whole(out, "wb") as png:
            figure.savefig(png, format="png")
        write_json(out.with_suffix(".json"), {"file": str(file), **found.to_dict()})
    return silent


def new_figure(found: Explanation, *, name: str = "") -> Figure:
    """Draw an explanation.

    The log-mel spectrogram is grey; a patch is coloured if its removal changes the probability. Below it is
    the change over time, with the weights of a network with attention over time above it; beside it the
    change over frequency and the probabilities.

    Args:
        found: the explanation.
        name: of the recording, for the title.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(MATPLOTLIB_TEXT):
        figure = Figure(figsize=(10, 4.6), dpi=120, layout="constrained")
        _draw(figure, found, name=name)
    return figure


def _draw(figure: Figure, found: Explanation, *, name: str) -> None:
    limit = max(0.01, float(np.abs(found.drop).max()))
    heights = (3, 1) if found.attention is None else (3, 0.25, 1)
    grid = figure.add_gridspec(len(heights), 3, width_ratios=(5, 1.1, 2.2), height_ratios=heights)
    top, band_axes, bars = (figure.add_subplot(grid[0, column]) for column in range(3))
    bottom, rest = figure.add_subplot(grid[-1, 0]), figure.add_subplot(grid[-1, 1:])
    _draw_map(top, found, limit=limit)
    if found.attention is not None:
        _draw_attention(figure.add_subplot(grid[1, 0]), found.attention)
    _draw_bars_over_time(bottom, found)
    edges = _mels(found.edges_hz)
    colours = [_FOR if value > 0 else _AGAINST for value in found.drop_over_frequency]
    band_axes.barh(edges[:-1], 100 * found.drop_over_frequency, np.diff(edges), align="edge", color=colours)
    band_axes.set(ylim=(edges[0], edges[-1]), yticks=[], xlabel="drop", title="by frequency")
    band_axes.axvline(0, color=_FAINT, lw=0.8)
    scores = found.prediction.scores
    names = sorted(scores, key=lambda label: scores[label])
    drawn = bars.barh(
        range(len(names)),
        [100 * scores[label] for label in names],
        color=[_ACCENT if label == found.emotion else _FAINT for label in names],
    )
    bars.bar_label(drawn, [f"{100 * scores[label]:.0f}" for label in names], padding=3, fontsize=9)
    bars.set_yticks(range(len(names)), [printable(label) for label in names])
    bars.set(xlim=(0, 118), xlabel="probability in %", title="prediction")
    _colour_bar(figure, rest, limit=limit)
    title = f"{printable(name)}: " if name else ""
    figure.suptitle(
        f"{title}what speaks for “{printable(found.emotion)}” ({100 * found.probability:.0f} %)", fontsize=11
    )
    for axes in (top, bottom, band_axes, bars):
        axes.spines[["top", "right"]].set_visible(False)


def _draw_map(axes: Any, found: Explanation, *, limit: float) -> None:
    front_end = FrontEnd(
        rate_hz=found.rate_hz, n_fft=1024, hop=128, n_mels=96, fmax_hz=found.rate_hz / 2, mel_scale="htk"
    )
    level = log_mel(found.samples, front_end).T
    extent = (0, found.edges_s[-1], 0, _mels(found.edges_hz)[-1])
    axes.imshow(
        level,
        origin="lower",
        aspect="auto",
        cmap="Greys",
        extent=extent,
        vmin=max(float(level.min()), float(level.max()) - _RANGE_DB),
        vmax=max(float(level.max()), float(level.min()) + 1e-3),
    )
    axes.imshow(_coloured(found.drop, limit=limit), origin="lower", aspect="auto", extent=extent)
    ticks = [hz for hz in _TICKS_HZ if hz <= found.rate_hz / 2]
    axes.set_yticks(_mels(np.array(ticks)), [f"{hz:,}" for hz in ticks])
    axes.set(ylabel="frequency in Hz", xticks=[], title="by time and frequency")


def _draw_attention(axes: Any, weights: NDArray[np.float64]) -> None:
    """A strip over time, the darker the larger the weight."""
    axes.imshow(weights[None], aspect="auto", cmap="Purples", vmin=0, extent=(0, 1, 0, 1))
    axes.set(xticks=[], yticks=[], title="attention by time")


def _draw_bars_over_time(axes: Any, found: Explanation) -> None:
    start_s = found.prediction.start
    colours = [_FOR if value > 0 else _AGAINST for value in found.drop_over_time]
    edges = found.edges_s + start_s
    axes.bar(edges[:-1], 100 * found.drop_over_time, np.diff(edges), align="edge", color=colours)
    axes.axhline(0, color=_FAINT, lw=0.8)
    axes.set(xlim=(edges[0], edges[-1]), xlabel="seconds", ylabel="drop", title="by time")


def _coloured(drop: NDArray[np.float64], *, limit: float) -> NDArray[np.float64]:
    """Red for the emotion, blue against it, the more opaque the larger the drop; RGBA."""
    image = np.empty((*drop.shape, 4))
    image[..., :3] = np.where((drop > 0)[..., None], _FOR, _AGAINST)
    image[..., 3] = 0.75 * np.abs(drop) / limit
    return image


def _colour_bar(figure: Figure, place: Any, *, limit: float) -> None:
    """One colour bar, in points of probability, with the colours of patches over silence (white)."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    colours = _coloured(np.linspace(-limit, limit, 256), limit=limit)
    seen = colours[:, 3:] * colours[:, :3] + (1 - colours[:, 3:])
    scale = ScalarMappable(Normalize(-100 * limit, 100 * limit), ListedColormap(seen))
    place.axis("off")
    bar = figure.colorbar(scale, cax=place.inset_axes((0.05, 0.42, 0.9, 0.2)), orientation="horizontal")
    bar.set_label("drop of the probability in points, if a patch is removed", fontsize=9)
    bar.outline.set_visible(False)


def _mels(hz: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(2595 * np.log10(1 + np.asarray(hz, np.float64) / 700))
