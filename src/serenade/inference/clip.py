"""A stretch of sound at the model's rate, with what is known of its quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from serenade.audio.level import is_clipped, level_dbfs
from serenade.audio.vad import speech_ratio
from serenade.errors import UnsupportedMedia
from serenade.inference.prediction import Quality

Waveform = npt.NDArray[np.float32]

LEAST_SPEECH_S = 0.1
"""Less speech than this is no speech: a syllable takes about 0.2 s (Greenberg 1999)."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono sound at the model's rate.

    Attributes:
        samples: [shape=(samples,)].
        quality: duration, speech, level, clipping.
        file: where it comes from; None for an array.
    """

    samples: Waveform
    quality: Quality
    file: str | None = None

    @property
    def has_speech(self) -> bool:
        """Whether there is enough speech for an answer."""
        return self.quality.speech_ratio * self.quality.duration_s >= LEAST_SPEECH_S


def clip_of(
    samples: Waveform, *, rate_hz: int, resampled_from_hz: int | None = None, file: str | None = None
) -> Clip:
    """Measure the quality of some sound.

    Args:
        samples: mono [shape=(samples,)].
        rate_hz: their rate.
        resampled_from_hz: the rate that they were recorded at, if another.
        file: where they come from.
    """
    quality = Quality(
        duration_s=len(samples) / rate_hz,
        speech_ratio=speech_ratio(samples, rate_hz=rate_hz),
        level_dbfs=level_dbfs(samples),
        clipped=is_clipped(samples),
        resampled_from_hz=resampled_from_hz,
    )
    return Clip(samples, quality, file)


def mono(samples: npt.NDArray[Any], *, rate: int, rate_hz: int) -> Waveform:
    """Sound given as an array, as float32 at the model's rate.

    Args:
        samples: mono [shape=(samples,)]; integers are taken as PCM of their full range.
        rate: its rate in Hz.
        rate_hz: the rate to bring it to.

    Raises:
        UnsupportedMedia: empty, not mono, not finite, or a rate that is none.

    >>> mono(np.array([0, 16384, -32768], dtype=np.int16), rate=16000, rate_hz=16000)
    array([ 0. ,  0.5, -1. ], dtype=float32)
    """
    array = np.asarray(samples)
    if array.ndim != 1:
        raise UnsupportedMedia(
            f"an array must be mono, shape (samples,), not {array.shape}; average its channels first"
        )
    if rate <= 0:
        raise UnsupportedMedia(f"rate= must be the array's samples per second, not {rate}")
    if np.issubdtype(array.dtype, np.signedinteger):
        array = array / -float(np.iinfo(array.dtype).min)
    elif not np.issubdtype(array.dtype, np.floating):
        raise UnsupportedMedia(f"an array must hold floats or signed integers, not {array.dtype}")
    if len(array) == 0:
        raise UnsupportedMedia("the array is empty; give at least one sample")
    if not np.isfinite(array).all():
        raise UnsupportedMedia("the array holds NaN or infinity; repair the recording first")
    waveform = array.astype(np.float32)
    return waveform if rate == rate_hz else np.asarray(soxr.resample(waveform, rate, rate_hz))
