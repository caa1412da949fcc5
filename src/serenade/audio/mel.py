"""Mel filter bank: triangular filters that sum the bins of a spectrum into bands.

Slaney's scale (linear below 1 kHz, logarithmic above) is from the Auditory Toolbox, Technical Report
1998-010. HTK's, 2595 log10(1 + f / 700), is from the HTK book.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.front_end import FrontEnd

_LINEAR_HZ = 200 / 3  # Hz per mel below the corner
_CORNER_HZ = 1000.0
_CORNER_MEL = _CORNER_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27  # per mel above the corner


def _hz_to_mel(hz: float, scale: str) -> float:
    if scale == "htk":
        return float(2595 * np.log10(1 + hz / 700))
    if hz < _CORNER_HZ:
        return hz / _LINEAR_HZ
    return float(_CORNER_MEL + np.log(hz / _CORNER_HZ) / _LOG_STEP)


def _mel_to_hz(mel: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    if scale == "htk":
        return np.asarray(700 * (10 ** (mel / 2595) - 1))
    above = _CORNER_HZ * np.exp(_LOG_STEP * (mel - _CORNER_MEL))
    return np.where(mel < _CORNER_MEL, mel * _LINEAR_HZ, above)


@lru_cache(maxsize=16)
def mel_filters(front_end: FrontEnd) -> NDArray[np.float32]:
    """The filter bank of a front end, equal to `librosa.filters.mel`; read-only, cached.

    Returns:
        Weights [shape=(n_mels, n_fft // 2 + 1)]. A band narrower than a bin may be all zeros.

    >>> mel_filters(FrontEnd(n_fft=512, n_mels=40)).shape
    (40, 257)
    """
    low = _hz_to_mel(front_end.fmin_hz, front_end.mel_scale)
    high = _hz_to_mel(front_end.fmax_hz, front_end.mel_scale)
    edges = _mel_to_hz(np.linspace(low, high, front_end.n_mels + 2), front_end.mel_scale)
    bins = np.fft.rfftfreq(front_end.n_fft, 1 / front_end.rate_hz)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    weights = np.maximum(0, np.minimum(rising, falling))
    if front_end.mel_norm == "slaney":
        weights *= (2 / (edges[2:] - edges[:-2]))[:, None]
    filters: NDArray[np.float32] = weights.astype(np.float32)
    filters.flags.writeable = False
    return filters


def band_blocks(
    filters: NDArray[np.float32], *, per_block: int = 8, repeat: int = 1
) -> tuple[tuple[slice, slice, NDArray[Any]], ...]:
    """The filter bank as dense blocks: a few neighbouring bands use few bins, all other weights are zero.

    Args:
        filters: weights [shape=(n_mels, bins)].
        per_block: number of bands in a block; 8 floats fill the registers that BLAS uses.
        repeat: number of consecutive copies of each bin in a row of the input.

    Returns:
        (columns of the input, bands, weights [shape=(columns, bands)]) of each block.

    >>> bins, bands, weights = band_blocks(mel_filters(FrontEnd()))[0]
    >>> bands, weights.shape == (bins.stop - bins.start, 8)
    (slice(0, 8, None), True)
    """
    blocks = []
    for start in range(0, len(filters), per_block):
        part = filters[start : start + per_block]
        used = np.flatnonzero(part.any(axis=0))
        # A block of empty bands needs a column too, or its output would not be written.
        first, last = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
        weights = np.ascontiguousarray(part[:, first:last].repeat(repeat, axis=1).T)
        blocks.append((slice(first * repeat, last * repeat), slice(start, start + len(part)), weights))
    return tuple(blocks)
