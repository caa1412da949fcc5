"""The answers that were most confidently wrong: what they look like and what they sound like."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.audio.logmel import FrontEnd, log_mel, mel_filters
from serenade.errors import UnsupportedMedia

SECONDS = 5.0
"""Of each clip, at most this much is shown and embedded."""

PEAK = 0.7
"""Sounds are raised to this peak, because some corpora are recorded too softly to be heard."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WorstError:
    """One confidently wrong answer.

    Attributes:
        row: the row of the predictions as plain values.
        scores: labels with their scores, highest first.
        features: log-mel `[shape=(frames, mels)]`, or None.
        sound: mono `[shape=(n,)]` at `front_end.rate_hz`, or None.
        note: why picture or sound are missing, or "".
    """

    row: dict[str, Any]
    scores: list[tuple[str, float]]
    features: NDArray[np.float32] | None
    sound: NDArray[np.float32] | None
    note: str


def worst_errors(
    table: pd.DataFrame,
    labels: Sequence[str],
    *,
    front_end: FrontEnd,
    hears: bool = True,
    audio: bool = True,
    n: int = 12,
) -> list[WorstError]:
    """The `n` most confident wrong answers, one a source clip.

    Args:
        table: of `serenade.evaluation.summary.checked`; `start` and `end` in seconds are heeded if there.
        labels: the model's labels.
        front_end: how pictures are made from sound.
        hears: whether the model is given sound at all; of one that only reads, no recording is looked for.
        audio: whether sound is kept; the picture is made in any case.
        n: how many at most.
    """
    wrong = table[table["emotion"].isin(list(labels)) & (table["emotion"] != table["predicted"])]
    wrong = wrong.sort_values("confidence", ascending=False, kind="stable").drop_duplicates("source").head(n)
    found = []
    for row in wrong.to_dict("records"):
        scores = sorted(
            ((label, float(row[f"score_{label}"])) for label in labels), key=lambda pair: -pair[1]
        )
        features, sound, note = _look(row, front_end) if hears else (None, None, "")
        named = {str(key): value for key, value in row.items()}
        found.append(
            WorstError(row=named, scores=scores, features=features, sound=sound if audio else None, note=note)
        )
    return found


def _look(
    row: dict[Any, Any], front_end: FrontEnd
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None, str]:
    """Log-mel, sound and what to say about what is missing."""
    from serenade.audio.decode import decode

    file = Path(row["file"])
    if not file.is_file():
        return None, None, "The recording is no longer where it was."
    if file.suffix == ".npy":
        # Stored mel first, as the original generator wrote them.
        features = np.load(file, allow_pickle=False).T
        frames = round(SECONDS * front_end.rate_hz / front_end.hop)
        return features[:frames].astype(np.float32), None, "A ready-made spectrogram: there is no sound."
    start, end = (float(row.get(key, np.nan)) for key in ("start", "end"))
    start = 0.0 if np.isnan(start) else start
    length = SECONDS if np.isnan(end) else min(SECONDS, end - start)
    try:
        samples = decode(file, rate_hz=front_end.rate_hz, start_s=start, duration_s=length).samples
    except UnsupportedMedia as cause:
        return None, None, f"The recording cannot be read ({cause.message})."
    return log_mel(samples, front_end), samples, ""


def sound_uri(samples: NDArray[np.float32], *, rate_hz: int) -> str:
    """A `data:` URI that every browser plays: MP3, mono, raised to an audible level.

    >>> sound_uri(np.zeros(1600, dtype=np.float32), rate_hz=16_000)[:22]
    'data:audio/mpeg;base64'
    """
    import soundfile

    peak = float(np.abs(samples).max(initial=0.0))
    out = io.BytesIO()
    soundfile.write(
        out, samples * (PEAK / peak) if peak > 0 else samples, rate_hz, format="MP3", compression_level=0.6
    )
    return "data:audio/mpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def band_centres(front_end: FrontEnd) -> NDArray[np.float64]:
    """Centre of gravity of each mel band in Hz `[shape=(mels,)]`.

    >>> centres = band_centres(FrontEnd())
    >>> len(centres), bool((np.diff(centres) > 0).all())
    (128, True)
    """
    filters = mel_filters(front_end).astype(np.float64)
    hz = np.fft.rfftfreq(front_end.n_fft, 1 / front_end.rate_hz)
    weight = filters.sum(1)
    # A band narrower than a bin has no filter at all; its neighbours say where it lies.
    some = np.flatnonzero(weight > 0)
    return np.asarray(np.interp(np.arange(len(filters)), some, (filters[some] @ hz) / weight[some]))
