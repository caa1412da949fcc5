"""Mel band energies of each frame: window, Fourier transform, squares, filter bank.

If the result is floored (`top_db`), frames are transformed in single precision, which is 1.6 times as fast as
double precision. Its rounding error is like white noise about 130 dB below the frame, and matters only in
bands that are much weaker than the others of their frame. Two measures keep it below 1e-3 dB. Pre-emphasis
after the window brings the weak high bands of a vowel nearer to its strong low ones; the filter bank corrects
for it. And a frame in which a band above the floor is still too weak is computed again in double precision:
one frame in fifty of speech, nearly all frames of pure tones.
"""

from __future__ import annotations

from functools import lru_cache
from threading import get_ident
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.front_end import FrontEnd
from serenade.audio.mel import band_blocks, mel_filters

AMIN = 1e-10
"""Power below which the logarithm is not taken (magnitude, for power 1: its square root)."""

_TRANSFORMED_BYTES = 1 << 18  # frames x n_fft in one call, so that they stay in the second-level cache
_FILTERED_SAMPLES = 1 << 18
_BUFFER_SAMPLES = 1 << 20
_FEW_FRAMES = 16
_BANDS_FOR_FEW = 24
"""Bands in a block for this few frames: a call of BLAS then costs more than its multiplications."""
_EMPHASIS = 0.5
_WEAK = 1e-5
"""A band is recomputed in double precision if its mean bin is this far (-50 dB) below the frame's."""


def mel_energies(
    signal: NDArray[np.float32], front_end: FrontEnd, *, floor: float = 0.0
) -> NDArray[np.float32]:
    """Mel band energies, or magnitudes if `front_end.power` is 1.

    Args:
        signal: mono samples [shape=(n,)], n may be 0.
        front_end: parameters of the transform.
        floor: fraction of the largest energy to which smaller energies will be raised; 0 for none.

    Returns:
        Array [shape=(front_end.frames(n), n_mels)].

    >>> mel_energies(np.zeros(16_000, np.float32), FrontEnd()).shape
    (63, 128)
    """
    frames = _frames(signal, front_end)
    double = _bank(front_end, get_ident(), single=False)
    if not floor or front_end.power != 2:
        return double.energies(frames)[0]
    single = _bank(front_end, get_ident(), single=True)
    mel, power = single.energies(frames)
    # Slightly below the floor, because of rounding errors.
    least = np.float32(max(0.99 * floor * float(mel.max()), 0.99 * AMIN))
    again = np.flatnonzero(((mel > least) & (mel < power[:, None] * single.weak)).any(axis=1))
    for first in range(0, len(again), double.rows):
        rows = again[first : first + double.rows]
        mel[rows] = double.energies(frames[rows])[0]
    return mel


class _Bank:
    """Window, filters and working arrays of a front end in one precision, allocated once.

    Allocating arrays of this size costs more than the transform itself. numpy (2.4) is slow on arrays that
    are not contiguous, and multiplies arrays aligned to 64 bytes a quarter faster; so the window is repeated
    for each row, and all arrays are aligned.

    Attributes:
        rows: number of frames that the filters are applied to in one call.
        weak: multiplied by the power of a frame's mean bin, the energy below which a band is recomputed.
    """

    def __init__(self, front_end: FrontEnd, *, single: bool) -> None:
        n_fft, n_bins = front_end.n_fft, front_end.n_fft // 2 + 1
        real = np.float32 if single else np.float64
        at_once = max(1, _TRANSFORMED_BYTES // (n_fft * real().itemsize))
        self.rows = max(1, _FILTERED_SAMPLES // n_fft // at_once) * at_once
        self.n_mels, self.squared = front_end.n_mels, front_end.power == 2
        self.emphasis = real(_EMPHASIS if single else 0)
        self.window = _aligned((at_once, n_fft), real)
        self.window[:] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
        self.windowed, self.before = _aligned((at_once, n_fft), real), _aligned((at_once, n_fft), real)
        # In single precision the transform writes to the array in which the spectra are squared.
        self.spectra = None if single else _aligned((at_once, n_bins), np.complex128)
        self.bins = _aligned((self.rows, 2 * n_bins if self.squared else n_bins), np.float32)
        emphasised = np.abs(1 - float(self.emphasis) * np.exp(-2j * np.pi * np.arange(n_bins) / n_fft))
        # norm="forward" divides by n_fft; only then does numpy (2.4) compute in single precision.
        weights = mel_filters(front_end) * (n_fft / emphasised) ** front_end.power
        repeat, rounded = 2 if self.squared else 1, weights.astype(np.float32)
        self.filters = band_blocks(rounded, repeat=repeat)
        self.filters_for_few = band_blocks(rounded, per_block=_BANDS_FOR_FEW, repeat=repeat)
        self.weak = (_WEAK * weights.sum(axis=1)).astype(np.float32)
        self.mean_bin = np.full(self.bins.shape[1], 2 / n_fft, dtype=np.float32)

    def energies(self, frames: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Energies of the bands [shape=(frames, n_mels)], and power of the mean bin [shape=(frames,)]."""
        mel = np.empty((len(frames), self.n_mels), dtype=np.float32)
        power = np.empty(len(frames), dtype=np.float32)
        for first in range(0, len(frames), self.rows):
            some = frames[first : first + self.rows]
            bins, these = self.bins[: len(some)], slice(first, first + len(some))
            for row in range(0, len(some), len(self.window)):
                self._transform(some[row : row + len(self.window)], bins[row : row + len(self.window)])
            if self.squared:
                # Squares of real and imaginary parts alternate; the filters hold every bin twice.
                np.square(bins, out=bins)
            few = len(some) <= _FEW_FRAMES
            for columns, bands, weights in self.filters_for_few if few else self.filters:
                np.matmul(bins[:, columns], weights, out=mel[these, bands])
            np.matmul(bins, self.mean_bin, out=power[these])
        return mel, power

    def _transform(self, frames: NDArray[np.float32], bins: NDArray[np.float32]) -> None:
        windowed, before = self.windowed[: len(frames)], self.before[: len(frames)]
        np.copyto(windowed, frames)
        np.multiply(windowed, self.window[: len(frames)], out=windowed)
        if self.emphasis:
            np.multiply(windowed, self.emphasis, out=before)
            flat = windowed.reshape(-1)[1:]
            np.subtract(flat, before.reshape(-1)[:-1], out=flat)
            # The window begins with 0, and a frame is treated as periodic.
            np.negative(before[:, -1], out=windowed[:, 0])
        if self.spectra is None:
            np.fft.rfft(windowed, norm="forward", out=bins.view(np.complex64))
            return
        spectra = np.fft.rfft(windowed, norm="forward", out=self.spectra[: len(frames)])
        parts: NDArray[Any] = spectra.view(np.float64) if self.squared else np.abs(spectra)
        np.copyto(bins, parts, casting="same_kind")


@lru_cache(maxsize=32)
def _bank(front_end: FrontEnd, thread: int, *, single: bool) -> _Bank:
    """The bank of a front end. Each thread has its own, because its arrays are written to."""
    return _Bank(front_end, single=single)


@lru_cache(maxsize=16)
def _buffer(thread: int) -> NDArray[np.float32]:
    """An array for the padded samples of a clip of up to a minute, one for each thread."""
    return np.empty(_BUFFER_SAMPLES, dtype=np.float32)


def _aligned(shape: tuple[int, int], dtype: Any) -> NDArray[Any]:
    size = shape[0] * shape[1] * np.dtype(dtype).itemsize
    memory = np.empty(size + 64, dtype=np.uint8)
    skip = -memory.ctypes.data % 64
    aligned: NDArray[Any] = memory[skip : skip + size].view(dtype).reshape(shape)
    return aligned


def _frames(signal: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Frames of the padded signal, a view [shape=(frames, n_fft)] that is valid until the next call."""
    n_fft, hop, n_frames = front_end.n_fft, front_end.hop, front_end.frames(len(signal))
    before = n_fft // 2 if front_end.center else 0
    reflect = front_end.center and front_end.pad_mode == "reflect" and len(signal) > 0
    if reflect and len(signal) <= before:  # reflected more than once
        signal, before, reflect = np.pad(signal, before, mode="reflect"), 0, False
    size = (n_frames - 1) * hop + n_fft
    padded = _buffer(get_ident())[:size] if size <= _BUFFER_SAMPLES else np.empty(size, dtype=np.float32)
    inside = signal[: size - before]
    stop = before + len(inside)
    padded[:before] = signal[before:0:-1] if reflect else 0
    padded[before:stop] = inside
    padded[stop:] = signal[-2 : -2 - (size - stop) : -1] if reflect else 0
    return np.ndarray((n_frames, n_fft), np.float32, padded, strides=(4 * hop, 4))
