"""Noisy copies of a recording for training: noise, reverberation and telephone band at random.

No recordings of noise or rooms are needed: noise and rooms are synthetic, and voices are other clips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from serenade.audio.effects import add_noise, band_limit, reverberation
from serenade.audio.variants import change_speed

_Samples = NDArray[np.float32]

_SNR_DB = (0.0, 20.0)
_DECAY_S = (0.2, 0.8)
_REVERBERANT = 0.5
_NARROW = 0.25
"""Shares of the copies with reverberation, and of those in the telephone band."""


Voices = Callable[[], Sequence[_Samples]]
"""Returns other clips; called only if they are needed."""


def noisy_copy(
    samples: _Samples, *, rate_hz: int, rng: np.random.Generator, voices: Voices | None = None
) -> _Samples:
    """Add noise at 0 to 20 dB, in half of the cases reverberation, in a quarter the telephone band.

    A third of the noises have a power density between white (constant) and brown (1/f²), a third have pink
    noise whose level changes over time, a third have voices, backwards and at other speeds.

    Args:
        samples: mono samples [shape=(n,)]. To silence, no noise is added, because it has no level.
        rate_hz: sample rate.
        rng: generator of all random choices.
        voices: other clips, best of the same speaker: voices of a test speaker must not be in training data.
            Without any, the voices are copies of `samples`, which express the same emotion.

    Returns:
        New samples of the same length.

    >>> noisy = noisy_copy(np.ones(1600, np.float32), rate_hz=16_000, rng=np.random.default_rng(0))
    >>> noisy.shape
    (1600,)
    """
    if not len(samples):
        return samples.copy()
    if rng.random() < _REVERBERANT:
        samples = reverberation(samples, rate_hz=rate_hz, rng=rng, decay_s=rng.uniform(*_DECAY_S))
    kind = rng.integers(3)
    if kind == 2:
        noise = _babble([*(voices() if voices is not None else ())] or [samples], len(samples), rng)
    else:
        noise = (_colored, _changing)[kind](samples, rate_hz, rng)
    samples = add_noise(samples, noise, snr_db=rng.uniform(*_SNR_DB), rng=rng)
    if rng.random() < _NARROW:
        samples = band_limit(samples, rate_hz=rate_hz, rng=rng)
    return samples


def _colored(samples: _Samples, rate_hz: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return _noise(len(samples), rate_hz, rng.uniform(0, 2), rng)


def _changing(samples: _Samples, rate_hz: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Pink noise; its level changes four times a second."""
    n, step = len(samples), rate_hz // 4
    at = np.arange(0, n + step, step)
    return _noise(n, rate_hz, 1.0, rng) * np.interp(np.arange(n), at, rng.uniform(0.1, 1.0, len(at)))


def _babble(clips: Sequence[_Samples], n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The sum of three to eight voices at one level, backwards, at different speeds and places."""
    total = np.zeros(n)
    for number in range(rng.integers(3, 9)):
        clip = clips[number % len(clips)]
        voice = np.resize(change_speed(clip[::-1].copy(), rng.uniform(0.8, 1.25)), n)
        level = np.sqrt(np.mean(np.square(voice, dtype=np.float64)))
        total += np.roll(voice, rng.integers(n)) / (level or 1.0)
    return total


def _noise(n: int, rate_hz: int, exponent: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise whose power density falls with this power of the frequency above 20 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum /= np.maximum(np.fft.rfftfreq(n, 1 / rate_hz), 20.0) ** (exponent / 2)
    return np.fft.irfft(spectrum, n)
