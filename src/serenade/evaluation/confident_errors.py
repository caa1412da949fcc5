"""The wrong predictions with the highest confidence, with spectrogram and sound."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.audio.decode import decode
from serenade.audio.logmel import FrontEnd, log_mel
from serenade.errors import UnsupportedMedia
from serenade.evaluation.predictions import labelled, one_per_clip
from serenade.features.mel_folder import read_mel

DURATION_S = 5.0
"""The part of each clip that is shown and embedded, from its start."""

PEAK = 0.7
"""Sounds are normalised to this peak, because some corpora are recorded at a very low level."""

_MP3_RATES_HZ = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


@dataclass(frozen=True, kw_only=True, eq=False)
class ConfidentError:
    """A wrong prediction.

    Attributes:
        row: the row of the predictions as plain values.
        scores: labels with their scores, highest first.
        level_db: log-mel `[shape=(frames, mels)]`, or None.
        samples: mono sound `[shape=(n,)]` at the front end's rate, or None.
        note: why the spectrogram or the sound is missing, or "".
    """

    row: dict[str, Any]
    scores: list[tuple[str, float]]
    level_db: NDArray[np.float32] | None
    samples: NDArray[np.float32] | None
    note: str


def confident_errors(
    table: pd.DataFrame,
    labels: Sequence[str],
    *,
    front_end: FrontEnd,
    takes_sound: bool = True,
    n: int = 12,
) -> list[ConfidentError]:
    """Return the `n` most confident wrong predictions, one per source clip.

    Args:
        table: of `serenade.evaluation.predictions.checked`; `start` and `end` (seconds) are used if present.
        labels: the model's labels.
        front_end: of the spectrograms.
        takes_sound: whether the model takes sound as input; the recordings of a text model are not read.
        n: the maximum number of errors.
    """
    clips = one_per_clip(labelled(table, labels))
    wrong = clips[clips["emotion"] != clips["predicted"]].sort_values(
        "confidence", ascending=False, kind="stable"
    )
    errors = []
    for row in wrong.drop_duplicates("source").head(n).to_dict("records"):
        values = {str(key): value for key, value in row.items()}
        scores = [(label, float(values[f"score_{label}"])) for label in labels]
        level_db, samples, note = _read(values, front_end) if takes_sound else (None, None, "")
        errors.append(
            ConfidentError(
                row=values,
                scores=sorted(scores, key=lambda pair: -pair[1]),
                level_db=level_db,
                samples=samples,
                note=note,
            )
        )
    return errors


def _read(
    row: Mapping[str, Any], front_end: FrontEnd
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None, str]:
    """The spectrogram and sound of a clip, and a note on what is missing."""
    file = Path(row["file"])
    try:
        if not file.is_file():
            return None, None, "The recording was not found."
        if file.suffix == ".npy":
            frames = round(DURATION_S * front_end.rate_hz / front_end.hop)
            note = "The corpus consists of spectrograms; there is no sound to play."
            return read_mel(file, front_end)[:frames], None, note
        start_s, end_s = (float(row.get(key, np.nan)) for key in ("start", "end"))
        start_s = 0.0 if np.isnan(start_s) else start_s
        length_s = DURATION_S if np.isnan(end_s) else min(DURATION_S, end_s - start_s)
        samples = decode(file, rate_hz=front_end.rate_hz, start_s=start_s, duration_s=length_s).samples
    except UnsupportedMedia as cause:
        return None, None, f"The recording cannot be read ({cause.message})."
    except (OSError, ValueError) as cause:
        return None, None, f"The recording cannot be read ({cause})."
    return log_mel(samples, front_end), samples, ""


def sound_uri(samples: NDArray[np.float32], *, rate_hz: int) -> str:
    """Return a `data:` URI that browsers play: MP3 (WAV at a rate that MP3 lacks), normalised to `PEAK`.

    >>> sound_uri(np.zeros(1600, dtype=np.float32), rate_hz=16_000)[:22]
    'data:audio/mpeg;base64'
    """
    import soundfile

    peak = float(np.abs(samples).max(initial=0.0))
    out = io.BytesIO()
    normalised = samples * (PEAK / peak) if peak > 0 else samples
    if rate_hz in _MP3_RATES_HZ:
        soundfile.write(out, normalised, rate_hz, format="MP3", compression_level=0.6)
    else:
        soundfile.write(out, normalised, rate_hz, format="WAV", subtype="PCM_16")
    kind = "mpeg" if rate_hz in _MP3_RATES_HZ else "wav"
    return f"data:audio/{kind};base64," + base64.b64encode(out.getvalue()).decode("ascii")
