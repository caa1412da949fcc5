"""A figure per recording: its waveform, its emotions over time and the prediction for all of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serenade.audio.decode import blocks
from serenade.errors import MissingExtra
from serenade.files import write_whole
from serenade.inference.aggregate import merge_neighbours
from serenade.inference.prediction import Prediction
from serenade.output.colors import colors_of
from serenade.output.envelope import envelope
from serenade.text import MATPLOTLIB_TEXT, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 1200
"""Points of the drawn envelope, about one per pixel."""

_RATE_HZ = 8000  # enough to draw an envelope
_INK, _SOFT, _WAVE, _NONE = "#333333", "#666c75", "#6d7888", "#eceef1"


def require_matplotlib() -> None:
    """Check that matplotlib is there, before any work is done.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise MissingExtra("figures need matplotlib; install it: pip install 'serenade[train]'")


def draw(
    prediction: Prediction,
    segments: Sequence[Prediction],
    *,
    labels: Sequence[str],
    out: Path,
    track: int | None = None,
) -> None:
    """Draw one recording as PNG: waveform, emotion of each speaker, and scores over time.

    Args:
        prediction: of the whole recording, which must be a file.
        segments: its timeline.
        labels: emotions that the model knows, from top to bottom.
        out: the file to write.
        track: audio track of the recording, as for the prediction.

    Raises:
        OutputError: it cannot be written.
    """
    import matplotlib as mpl

    with mpl.rc_context(MATPLOTLIB_TEXT), write_whole(out, "wb") as file:
        _figure_of(prediction, segments, labels=labels, track=track).savefig(file, format="png")


def _figure_of(
    prediction: Prediction, segments: Sequence[Prediction], *, labels: Sequence[str], track: int | None
) -> Figure:
    from matplotlib.figure import Figure

    speakers = [*dict.fromkeys(segment.speaker for segment in segments if segment.scores)] or [None]
    heights = (1.5, 0.34 * len(speakers) + 0.1, 0.3 * len(labels))
    figure = Figure(figsize=(12, 1.5 + sum(heights)), dpi=120, layout="constrained")
    (sound, notes), (bands, legend), (time, bars) = figure.subplots(
        3, 2, width_ratios=(4, 1), height_ratios=heights
    )
    seconds = segments[-1].end
    sound_in_blocks = blocks(prediction.file or "", rate_hz=_RATE_HZ, block_s=10.0, track=track)
    low, high = envelope(sound_in_blocks, width=math.ceil(seconds * _RATE_HZ / COLUMNS))
    sound.fill_between(np.linspace(0, seconds, len(low)), low, high, color=_WAVE, linewidth=0.4)
    sound.set(ylim=_limits(low, high), yticks=[], ylabel="waveform")
    sound.set_title(_headline(prediction), x=0.0, horizontalalignment="left", fontweight="bold")
    colors = colors_of(labels)
    _draw_bands(bands, segments, speakers, colors)
    edges, scores = _scores_of(segments, labels)
    time.pcolormesh(edges, np.arange(len(labels) + 1), _shaded(scores, [*colors.values()]), rasterized=True)
    names = [printable(label) for label in labels]
    time.set(xlabel="time", yticks=np.arange(len(labels)) + 0.5, yticklabels=names, ylim=(len(labels), 0))
    time.xaxis.set_major_formatter(_clock)
    for axes in (sound, bands, time):
        axes.set_xlim(0, seconds)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    for axes in (sound, bands):
        axes.set_xticks([])
    shares = [prediction.scores.get(label, 0.0) for label in labels]
    drawn = bars.barh(np.arange(len(labels)) + 0.5, shares, color=[*colors.values()], height=0.7)
    bars.bar_label(drawn, [f"{share:.2f}" for share in shares], padding=3, color=_INK, fontsize=9)
    bars.set(xlim=(0, 1.2), ylim=(len(labels), 0), yticks=[], xticks=[], xlabel="whole recording")
    bars.spines[:].set_visible(False)
    for axes in (notes, legend):
        axes.axis("off")
    notes.text(0, 1, _notes(prediction), va="top", color=_INK, linespacing=1.5, fontsize=9)
    legend.text(0, 0.5, "hatched: unsure\ngrey: no speech", va="center", color=_SOFT, fontsize=8)
    return figure


def _draw_bands(
    axes: Axes, segments: Sequence[Prediction], speakers: Sequence[str | None], colors: Mapping[str, str]
) -> None:
    """One band for each speaker, with the emotions in their colours."""
    axes.set_facecolor(_NONE)
    for segment in merge_neighbours(segments):
        if segment.emotion is None:
            continue
        color, top = colors[segment.emotion], speakers.index(segment.speaker) + 0.06
        bounds = [(segment.start, segment.end - segment.start)]
        style: dict[str, Any] = {"facecolor": color, "edgecolor": "white", "lw": 0.5}
        if segment.state == "unsure":
            style = {"facecolor": tint_of(color), "edgecolor": color, "hatch": "////", "lw": 0}
        axes.broken_barh(bounds, (top, 0.88), **style)
    named = [printable(speaker) if speaker else "emotion" for speaker in speakers]
    axes.set(ylim=(len(speakers), 0), yticks=np.arange(len(speakers)) + 0.5, yticklabels=named)


def tint_of(color: str) -> tuple[float, ...]:
    """Return a light tint of a colour.

    >>> [round(value, 2) for value in tint_of("#000000")]
    [0.7, 0.7, 0.7]
    """
    from matplotlib.colors import to_rgb

    return tuple(0.7 + 0.3 * value for value in to_rgb(color))


def _scores_of(
    segments: Sequence[Prediction], labels: Sequence[str]
) -> tuple[list[float], npt.NDArray[np.float64]]:
    """Edges of the segments, and scores [shape=(labels, segments)], NaN without speech."""
    edges = [segments[0].start, *(segment.end for segment in segments)]
    return edges, np.array([[s.scores.get(label, np.nan) for s in segments] for label in labels])


def _shaded(scores: npt.NDArray[np.float64], colors: Sequence[str]) -> npt.NDArray[np.float64]:
    """Colours of the scores, from white for 0 to the colour of the label for 1 [shape=(*scores.shape, 3)]."""
    from matplotlib.colors import to_rgb

    full = np.array([to_rgb(color) for color in colors])[:, None]
    shaded = 1 + np.nan_to_num(scores)[..., None] * (full - 1)
    result: npt.NDArray[np.float64] = np.where(np.isnan(scores)[..., None], to_rgb(_NONE), shaded)
    return result


def _clock(seconds: float, position: object = None) -> str:
    whole = round(seconds)
    hours = f"{whole // 3600}:" if whole >= 3600 else ""
    minutes = f"{whole // 60 % 60:02}" if hours else f"{whole // 60}"
    fraction = "" if math.isclose(seconds, whole, abs_tol=1e-6) else f"{seconds % 1:.2f}".strip("0")
    return f"{hours}{minutes}:{int(seconds + 1e-9) % 60:02}{fraction}"


def _limits(low: npt.NDArray[np.float32], high: npt.NDArray[np.float32]) -> tuple[float, float]:
    peak = max(float(np.abs([low, high]).max(initial=0)), 1e-3) * 1.05
    return -peak, peak


def _headline(prediction: Prediction) -> str:
    name = printable(Path(prediction.file or "array").name)
    if prediction.confidence is None:
        return f"{name}: no speech"
    sure = "" if prediction.state == "ok" else "unsure, perhaps "
    return f"{name}: {sure}{printable(prediction.emotion)} ({prediction.confidence:.0%})"


def _notes(prediction: Prediction) -> str:
    quality = prediction.quality
    notes = [
        f"{quality.duration_s:.1f} s, {quality.speech_ratio:.0%} speech",
        f"level {quality.level_dbfs:.0f} dBFS" + (", clipped" if quality.clipped else ""),
        printable(f"model {prediction.model.name} {prediction.model.version}"),
    ]
    if quality.resampled_from_hz is not None:
        notes.insert(2, f"resampled from {quality.resampled_from_hz} Hz")
    return "\n".join(notes)
