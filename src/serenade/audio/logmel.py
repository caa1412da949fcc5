"""Log-mel spectrogram in numpy, within 1e-3 dB of librosa and about three times as fast.

The speed comes from two things: filters, window and working arrays are made once; and the filter bank,
mostly zeros, is multiplied in small dense blocks that also add the squares of real and imaginary parts. The
transform itself runs in double precision, as librosa's does: in single precision bands 75 dB below the
maximum are off by 1e-3 to 2e-3 dB.
"""

from __future__ import annotations

from functools import lru_cache
from threading import get_ident

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.audio.front_end import CREMAD_SEED, MELD_SEED, WHISPER, FrontEnd
from serenade.audio.mel import band_blocks, mel_filters

__all__ = [
    "AMIN",
    "CREMAD_SEED",
    "EPSILON",
    "MELD_SEED",
    "WHISPER",
    "FrontEnd",
    "log_mel",
    "mel_filters",
    "normalize",
]

AMIN = 1e-10
"""Least power that a logarithm is taken of (least magnitude, for power 1: its root)."""

EPSILON = 1e-5
"""Added to a deviation before dividing by it, so that a constant spectrogram becomes zeros."""

_BLOCK_SAMPLES = 1 << 18  # frames x n_fft in flight: 2 MiB of float64


def log_mel(samples: ArrayLike, front_end: FrontEnd) -> NDArray[np.float32]:
    """Log-mel spectrogram of one clip, not normalised (see `normalize`).

    Digital silence is what librosa makes of it: with `db_ref="max"` its maximum is 0 dB, so all of it is
    0 dB; `serenade.audio.speech.is_silent` tells it from sound. A clip shorter than a frame is padded.

    Args:
        samples: mono sound at `front_end.rate_hz` [shape=(n,)], finite, full scale 1; n may be 0.
        front_end: the numbers to go by.

    Returns:
        Array [shape=(frames, n_mels)], `frames == front_end.frames(n)`, in dB (or as `scale` says).

    >>> log_mel(np.zeros(16_000), FrontEnd(n_mels=40)).shape
    (63, 40)
    """
    signal = np.asarray(samples, dtype=np.float32)
    if signal.ndim != 1:
        raise ValueError(f"samples must be mono, of shape (n,), not {signal.shape}")
    return _logarithm(_mel(signal[: front_end.max_samples], front_end), front_end)


def normalize(features: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Level a spectrogram as `front_end.normalize` says; what is constant becomes zeros.

    Args:
        features: of `log_mel` [shape=(frames, n_mels)].
        front_end: its front end.

    Returns:
        A new array of the same shape.

    >>> bool(abs(normalize(log_mel(np.ones(9000), FrontEnd()), FrontEnd()).mean()) < 1e-4)
    True
    """
    if front_end.normalize == "none":
        return features.copy()
    if front_end.normalize == "minmax":
        low, high = features.min(), features.max()
        unit: NDArray[np.float32] = (features - low) / (high - low if high > low else np.float32(1))
        return unit
    axis = 0 if front_end.normalize == "band" else None
    # In double precision: the mean of a constant must be that constant, or rounding is blown up to noise.
    mean = features.mean(axis=axis, dtype=np.float64)
    deviation = features.std(axis=axis, dtype=np.float64)
    level: NDArray[np.float32] = ((features - mean) / (deviation + EPSILON)).astype(np.float32)
    return level


class _Plan:
    """What is made once for a front end: window, filters, and the arrays that every block is worked in.

    Fresh arrays of this size come from the system page by page, which costs more than the transform itself.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        n_fft, hop = front_end.n_fft, front_end.hop
        self.rows = max(1, _BLOCK_SAMPLES // n_fft)
        self.window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
        self.filters = band_blocks(mel_filters(front_end), repeat=2 if front_end.power == 2 else 1)
        self.samples = np.empty((self.rows - 1) * hop + n_fft)
        self.frames = np.lib.stride_tricks.sliding_window_view(self.samples, n_fft)[::hop]
        self.windowed = np.empty((self.rows, n_fft))
        self.spectra = np.empty((self.rows, n_fft // 2 + 1), dtype=np.complex128)
        self.bins = np.empty((self.rows, 2 * self.spectra.shape[1]), dtype=np.float32)


@lru_cache(maxsize=16)
def _plan(front_end: FrontEnd, thread: int) -> _Plan:
    """The plan of a front end; each thread has its own, because it is written to."""
    return _Plan(front_end)


def _fill(block: NDArray[np.float64], signal: NDArray[np.float32], start: int, *, reflect: bool) -> None:
    """Copy the samples from `start` on, which may lie before the signal and go on behind it."""
    n, stop = len(signal), start + len(block)
    inside = slice(max(start, 0), min(stop, n))
    block[inside.start - start : inside.stop - start] = signal[inside]
    if start < 0:
        block[:-start] = signal[-start:0:-1] if reflect else 0
    if stop > n:
        block[n - start :] = signal[2 * (n - 1) - np.arange(n, stop)] if reflect else 0


def _mel(signal: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Energies (or magnitudes) of the bands [shape=(frames, n_mels)]."""
    plan = _plan(front_end, get_ident())
    n_fft, hop, n_frames = front_end.n_fft, front_end.hop, front_end.frames(len(signal))
    first = -(n_fft // 2) if front_end.center else 0
    reflect = front_end.center and front_end.pad_mode == "reflect" and len(signal) > 0
    if reflect and len(signal) <= -first:  # reflected more than once
        signal, first = np.pad(signal, -first, mode="reflect"), 0
    mel = np.empty((n_frames, front_end.n_mels), dtype=np.float32)
    for row in range(0, n_frames, plan.rows):
        rows = min(plan.rows, n_frames - row)
        block = plan.samples[: (rows - 1) * hop + n_fft]
        _fill(block, signal, first + row * hop, reflect=reflect)
        np.multiply(plan.frames[:rows], plan.window, out=plan.windowed[:rows])
        spectrum = np.fft.rfft(plan.windowed[:rows], out=plan.spectra[:rows])
        if front_end.power == 2:
            # Squares of real and imaginary parts side by side; the filters have every bin twice.
            bins = plan.bins[:rows]
            np.copyto(bins, spectrum.view(np.float64), casting="same_kind")
            np.square(bins, out=bins)
        else:
            bins = np.abs(spectrum).astype(np.float32)
        for columns, bands, weights in plan.filters:
            np.matmul(bins[:, columns], weights, out=mel[row : row + rows, bands])
    return mel


def _logarithm(mel: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Take the logarithm of `mel` in place, in as few passes over it as can be."""
    least = np.log(np.float32(AMIN if front_end.power == 2 else AMIN**0.5))
    with np.errstate(divide="ignore"):  # of zero: minus infinity, which the floor lifts
        np.log(mel, out=mel)
    if front_end.scale == "ln":
        return np.maximum(mel, least, out=mel)
    whisper = front_end.scale == "whisper"
    unit = np.float32((1 if whisper else 20 / front_end.power) / np.log(10))
    mel *= unit
    # Maximum and floor are taken of the logarithms, so that "0 dB" and the floor are exact.
    least = least * unit
    top = np.maximum(mel.max(), least)
    if not whisper and front_end.db_ref == "max":
        mel -= top
        least, top = least - top, np.float32(0)
    depth = 8 if whisper else front_end.top_db
    np.maximum(mel, least if depth is None else np.maximum(least, top - np.float32(depth)), out=mel)
    if whisper:
        mel += np.float32(4)
        mel *= np.float32(0.25)
    return mel
