"""The eight augmented variants of a recording in the CREMA-D original, and change of speed.

Time stretching is a phase vocoder (Flanagan and Golden 1966; with interpolation, D. Ellis 2002). Pitch
shifting is time stretching and resampling. Both follow `librosa.effects`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from serenade.errors import RecipeError

_Samples = NDArray[np.float32]
_N_FFT = 2048
_HOP = 512


def time_shift(samples: _Samples, fraction: float) -> _Samples:
    """Delay the sound by a fraction of its length (advance it if negative), filled with zeros, same length.

    >>> time_shift(np.arange(1, 6, dtype=np.float32), 0.4)
    array([0., 0., 1., 2., 3.], dtype=float32)
    """
    count = int(abs(fraction) * len(samples))
    shifted = np.zeros_like(samples)
    if fraction > 0:
        shifted[count:] = samples[: len(samples) - count]
    else:
        shifted[: len(samples) - count] = samples[count:]
    return shifted


def time_stretch(samples: _Samples, factor: float) -> _Samples:
    """Make speech `factor` times as fast at the same pitch; equal to `librosa.effects.time_stretch`.

    Returns:
        Array [shape=(round(n / factor),)].

    >>> len(time_stretch(np.zeros(6000, dtype=np.float32), 1.2))
    5000
    """
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)
    padded = np.pad(samples.astype(np.float64), _N_FFT // 2)
    spectra = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP] * window)
    times = np.arange(0, len(spectra), factor)
    spectra = np.pad(spectra, ((0, 2), (0, 0)))
    before = times.astype(int)
    part = (times - before)[:, None]
    size = np.abs(spectra)
    size = (1 - part) * size[before] + part * size[before + 1]
    phase = np.angle(spectra)
    # The phase advances as between the two frames; multiples of 2 pi make no difference.
    start = phase[0]
    phase = start + np.vstack([np.zeros_like(start), np.cumsum(np.diff(phase, axis=0)[before[:-1]], axis=0)])
    frames = np.fft.irfft(size * np.exp(1j * phase), _N_FFT) * window
    total = np.zeros((len(frames) - 1) * _HOP + _N_FFT)
    weight = np.zeros_like(total)
    for row, frame in enumerate(frames):
        total[row * _HOP : row * _HOP + _N_FFT] += frame
        weight[row * _HOP : row * _HOP + _N_FFT] += window**2
    total = (total / np.where(weight > 1e-8, weight, 1))[_N_FFT // 2 :]
    return _fit(total, round(len(samples) / factor))


def pitch_shift(samples: _Samples, semitones: float) -> _Samples:
    """Shift the pitch without changing the length; follows `librosa.effects.pitch_shift`.

    >>> len(pitch_shift(np.zeros(6000, dtype=np.float32), 2))
    6000
    """
    factor = 2 ** (semitones / 12)
    return _fit(change_speed(time_stretch(samples, 1 / factor), factor), len(samples))


def change_speed(samples: _Samples, factor: float) -> _Samples:
    """Play `factor` times as fast, which changes the pitch too, by resampling (soxr HQ).

    Returns:
        Array [shape=(about n / factor,)].

    >>> len(change_speed(np.zeros(11_000, dtype=np.float32), 1.1))
    10000
    """
    import soxr

    faster: _Samples = soxr.resample(samples, factor, 1.0, quality="HQ")
    return faster


def _add_noise(samples: _Samples, size: float, rng: np.random.Generator) -> _Samples:
    # Absolute, not relative to the level, as in the original.
    return samples + np.float32(size) * rng.standard_normal(len(samples), dtype=np.float32)


def _fit(samples: NDArray[np.floating], n: int) -> _Samples:
    """Truncate or zero-pad to n samples."""
    fitted = np.zeros(n, dtype=np.float32)
    fitted[: len(samples)] = samples[:n]
    return fitted


VARIANTS: dict[str, Callable[[_Samples, np.random.Generator], _Samples]] = {
    "time_shift_pos": lambda samples, rng: time_shift(samples, 0.1),
    "time_shift_neg": lambda samples, rng: time_shift(samples, -0.1),
    "pitch_up": lambda samples, rng: pitch_shift(samples, 2),
    "pitch_down": lambda samples, rng: pitch_shift(samples, -2),
    "stretch_fast": lambda samples, rng: time_stretch(samples, 1.2),
    "stretch_slow": lambda samples, rng: time_stretch(samples, 0.8),
    "noise_low": lambda samples, rng: _add_noise(samples, 0.005, rng),
    "noise_med": lambda samples, rng: _add_noise(samples, 0.01, rng),
}
"""The variants of `mel_generator.py`, by the name that it appends to a file."""


def make_variant(samples: _Samples, name: str, *, rate_hz: int, rng: np.random.Generator) -> _Samples:
    """One variant of a recording.

    Args:
        samples: mono sound [shape=(n,)].
        name: one of `VARIANTS`.
        rate_hz: sample rate (all eight give the same at any rate).
        rng: generator of the noise.

    Returns:
        New samples; only the stretched variants have another length.

    Raises:
        RecipeError: the name is unknown.

    >>> quiet = np.zeros(3000, dtype=np.float32)
    >>> len(make_variant(quiet, "stretch_slow", rate_hz=16_000, rng=np.random.default_rng(0)))
    3750
    """
    if name not in VARIANTS:
        raise RecipeError(f"unknown variant {name!r}; known are {', '.join(VARIANTS)}")
    return VARIANTS[name](np.asarray(samples, dtype=np.float32), rng)


def draw_variants(n: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Draw the names of n distinct variants.

    Raises:
        RecipeError: n is not between 0 and 8.

    >>> len(set(draw_variants(8, np.random.default_rng(0))))
    8
    """
    if not 0 <= n <= len(VARIANTS):
        raise RecipeError(f"the number of variants must be between 0 and {len(VARIANTS)}, not {n}")
    return tuple(str(name) for name in rng.permutation(list(VARIANTS))[:n])
