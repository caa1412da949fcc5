"""Whether two sounds that share landmarks are copies: the correlation of their waveforms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serenade.split_audit.fingerprint import HOP, RATE_HZ

MIN_CORRELATION = 0.5
"""Copies have a higher one, other recordings of the same speaker and sentence a lower one: docs/audit.md."""
MIN_OVERLAP_S = 0.25

_BAND_HZ = (200.0, 3400.0)
_MARGIN = 3 * HOP
_UPSAMPLING = 2
"""The copy may begin between two samples."""


def correlation(
    query: NDArray[np.float32], sound: NDArray[np.float32], *, offset: int
) -> tuple[float, float]:
    """Return the largest absolute correlation of two sounds near an offset, and their overlap in seconds.

    Args:
        query: samples at `RATE_HZ` `[shape=(n,)]`.
        sound: samples at `RATE_HZ` `[shape=(m,)]`.
        offset: how many hops later the sound is, as in `Candidate`; it is searched three hops around.

    >>> noise = np.random.default_rng(0).normal(size=2 * RATE_HZ).astype(np.float32)
    >>> value, overlap_s = correlation(-0.1 * noise[2000:], noise, offset=16)
    >>> round(value, 2), overlap_s
    (1.0, 1.744)
    """
    shift = offset * HOP
    begin, end = max(0, -shift), min(len(query), len(sound) - shift)
    if end - begin < MIN_OVERLAP_S * RATE_HZ:
        return 0.0, max(0.0, (end - begin) / RATE_HZ)
    part = query[begin:end].astype(np.float64)
    start, stop = begin + shift - _MARGIN, end + shift + _MARGIN
    around = np.pad(
        sound[max(0, start) : min(len(sound), stop)].astype(np.float64),
        (max(0, -start), max(0, stop - len(sound))),
    )
    size = 1 << int(np.ceil(np.log2(len(around) + len(part))))
    band = _band(size)
    part_spectrum, around_spectrum = (np.fft.rfft(x, size) * band for x in (part, around))
    product = around_spectrum * np.conj(part_spectrum)
    lags = np.fft.irfft(product, _UPSAMPLING * size)[: _UPSAMPLING * (2 * _MARGIN + 1)] * _UPSAMPLING
    filtered = np.fft.irfft(around_spectrum, size)[: len(around)]
    energy = np.concatenate([[0.0], np.cumsum(filtered**2)])
    under = energy[len(part) : len(part) + 2 * _MARGIN + 1] - energy[: 2 * _MARGIN + 1]
    own = float((np.fft.irfft(part_spectrum, size) ** 2).sum())
    norms = np.sqrt(np.maximum(np.repeat(under, _UPSAMPLING) * own, 1e-20))
    # A lag between two samples has the energy of its neighbour, so that 1 may be exceeded by rounding.
    return min(1.0, float((np.abs(lags) / norms).max())), (end - begin) / RATE_HZ


def _band(size: int) -> NDArray[np.float64]:
    """Which frequencies are compared, without hum and the upper edge of the band."""
    frequencies = np.fft.rfftfreq(size, 1 / RATE_HZ)
    return ((frequencies >= _BAND_HZ[0]) & (frequencies <= _BAND_HZ[1])).astype(np.float64)
