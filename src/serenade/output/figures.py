"""A figure per recording: its waveform, its emotions over time and the prediction for all of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from serenade.audio.decode import blocks
from serenade.errors import MissingExtra
from serenade.files import write_whole
from serenade.inference.arrays import Waveform
from serenade.inference.model import Model
from serenade.inference.prediction import Prediction
from serenade.output.paths import paths_per_recording
from serenade.text import MATPLOTLIB_TEXT, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 1200
"""Points of the drawn envelope, about one per pixel."""

_RATE_HZ = 8000  # enough to draw an envelope
_INK, _SPEECH, _QUIET, _BEST = "#333333", "#4c78a8", "#bbbbbb", "#d1495b"


def require_matplotlib() -> None:
    """Check that matplotlib is there, before any work is done.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise MissingExtra("figures need matplotlib; install it: pip install 'serenade[train]'")


def envelope(sound: Iterable[Waveform], *, width: int) -> npt.NDArray[np.float32]:
    """Return the lowest and highest sample of consecutive blocks, in constant memory.

    Args:
        sound: consecutive blocks of samples of a recording [shape=(samples,)].
        width: samples per block; the last block may be shorter.

    Returns:
        Array [shape=(2, blocks)].

    >>> envelope([np.array([0, 1, -2], dtype=np.float32), np.array([3], dtype=np.float32)], width=2)
    array([[ 0., -2.],
           [ 1.,  3.]], dtype=float32)
    """
    low: list[float] = []
    high: list[float] = []
    rest = np.zeros(0, dtype=np.float32)
    for samples in sound:
        rest = np.concatenate([rest, samples])
        whole = len(rest) // width * width
        full = rest[:whole].reshape(-1, width)
        low.extend(full.min(axis=1))
        high.extend(full.max(axis=1))
        rest = rest[whole:]
    if len(rest):
        low.append(rest.min())
        high.append(rest.max())
    return np.array([low, high], dtype=np.float32)


def draw(prediction: Prediction, segments: Sequence[Prediction], *, labels: Sequence[str], out: Path) -> None:
    """Draw one recording as PNG.

    Args:
        prediction: of the whole recording, which must be a file.
        segments: its timeline.
        labels: emotions that the model knows, from top to bottom.
        out: the file to write.

    Raises:
        OutputError: it cannot be written.
    """
    import matplotlib as mpl

    with mpl.rc_context(MATPLOTLIB_TEXT), write_whole(out, "wb") as file:
        _figure_of(prediction, segments, labels=labels).savefig(file, format="png")


def draw_all(model: Model, files: Sequence[Path], folder: Path) -> None:
    """Draw recordings into a folder, one PNG each."""
    for file, out in paths_per_recording(files, folder, suffix=".png").items():
        draw(model.predict(file), list(model.timeline(file)), labels=model.labels, out=out)


def _figure_of(prediction: Prediction, segments: Sequence[Prediction], *, labels: Sequence[str]) -> Figure:
    from matplotlib.figure import Figure

    names = [printable(label) for label in labels]
    figure = Figure(figsize=(10, 2.4 + 0.32 * len(labels)), dpi=120, layout="constrained")
    (sound, notes), (time, bars) = figure.subplots(
        2, 2, width_ratios=(3, 1), height_ratios=(1.6, 0.32 * len(labels))
    )
    seconds = prediction.quality.duration_s
    sound_in_blocks = blocks(prediction.file or "", rate_hz=_RATE_HZ, block_s=10.0)
    low, high = envelope(sound_in_blocks, width=math.ceil(seconds * _RATE_HZ / COLUMNS))
    sound.fill_between(np.linspace(0, seconds, len(low)), low, high, color=_SPEECH, linewidth=0.6)
    sound.set(
        xlim=(0, seconds), ylim=_limits(low, high), xticks=[], ylabel="waveform", title=_headline(prediction)
    )
    for segment in segments:
        if segment.state == "no_speech":
            sound.axvspan(segment.start, segment.end, color=_QUIET, alpha=0.5, linewidth=0)
    edges = [segments[0].start, *(segment.end for segment in segments)]
    scores = np.array([[segment.scores.get(label, np.nan) for segment in segments] for label in labels])
    mesh = time.pcolormesh(edges, np.arange(len(labels) + 1), scores, vmin=0, vmax=1, cmap="Blues")
    time.set_facecolor(_QUIET)
    time.set(xlim=(0, seconds), xlabel="seconds", yticks=np.arange(len(labels)) + 0.5, yticklabels=names)
    time.invert_yaxis()
    figure.colorbar(mesh, ax=time, label="score", pad=0.01)
    heights = [prediction.scores.get(label, 0.0) for label in labels]
    colors = [_BEST if label == prediction.emotion else _SPEECH for label in labels]
    drawn = bars.barh(np.arange(len(labels)) + 0.5, heights, color=colors)
    bars.bar_label(drawn, [f"{height:.2f}" for height in heights], padding=3)
    bars.set(xlim=(0, 1.15), ylim=(len(labels), 0), yticks=[], xlabel="whole recording")
    notes.axis("off")
    notes.text(0, 0.95, _notes(prediction, segments), va="top", color=_INK, linespacing=1.5, fontsize=9)
    for axes in (sound, time, bars):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _limits(low: npt.NDArray[np.float32], high: npt.NDArray[np.float32]) -> tuple[float, float]:
    peak = max(float(np.abs([low, high]).max(initial=0)), 1e-3) * 1.05
    return -peak, peak


def _headline(prediction: Prediction) -> str:
    name = printable(Path(prediction.file or "array").name)
    if prediction.confidence is None:
        return f"{name}: no speech"
    sure = "" if prediction.state == "ok" else "unsure, perhaps "
    return f"{name}: {sure}{printable(prediction.emotion)} ({prediction.confidence:.0%})"


def _notes(prediction: Prediction, segments: Sequence[Prediction]) -> str:
    quality = prediction.quality
    notes = [
        f"{quality.duration_s:.1f} s, {quality.speech_ratio:.0%} speech",
        f"level {quality.level_dbfs:.0f} dBFS" + (", clipped" if quality.clipped else ""),
        printable(f"model {prediction.model.name} {prediction.model.version}"),
    ]
    if quality.resampled_from_hz is not None:
        notes.insert(2, f"resampled from {quality.resampled_from_hz} Hz")
    if any(segment.state == "no_speech" for segment in segments):
        notes.append("grey: no speech")
    return "\n".join(notes)
