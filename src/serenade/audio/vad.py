"""Voice activity detection by pitch and spectral change, at any level.

Speech has a pitch between 70 and 400 Hz and a spectrum that changes; noise, hum and clicks do not have both.
Whispering has no pitch and is not detected.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from serenade.audio.level import is_silent

_FRAME_S = 0.040
_HOP_S = 0.010
_PITCH_HZ = (70.0, 400.0)
_VOICED = 0.28  # likeness after one period, of 1: hiss stays below 0.15, half of speech lies above
_ABOVE_FLOOR_DB = 6.0
_BELOW_PEAK_DB = 40.0
_CHANGE_DB = 1.5  # least change of the bands in 100 ms, on average
_REACH_S = 0.15  # consonants around a voiced stretch
_GAP_S = 0.3
_LEAST_VOICED_S = 0.055


def speech_ratio(samples: NDArray[np.float32], *, rate_hz: int) -> float:
    """Share of the time that is speech, 0 to 1.

    >>> speech_ratio(np.zeros(16_000, dtype=np.float32), rate_hz=16_000)
    0.0
    """
    if not len(samples):
        return 0.0
    spoken_s = sum(end - start for start, end in speech_segments(samples, rate_hz=rate_hz))
    return min(1.0, spoken_s * rate_hz / len(samples))


def speech_segments(samples: NDArray[np.float32], *, rate_hz: int) -> list[tuple[float, float]]:
    """Stretches of speech as (start, end) in seconds, in order, apart by 0.3 s or more.

    A frame of 40 ms is voiced if the autocorrelation of its compressed spectrum (Tolonen and Karjalainen
    2000) is high at a pitch, it is louder than the clip's floor, and the spectrum around it changes. Voiced
    stretches are widened to take in their consonants, and joined over short gaps; too short ones (clicks) are
    dropped.

    >>> speech_segments(np.zeros(16_000, dtype=np.float32), rate_hz=16_000)
    []
    """
    if is_silent(samples) or len(samples) < _FRAME_S * rate_hz:
        return []
    parts = list(_frames(samples, rate_hz))
    periodicity = np.concatenate([part[0] for part in parts])
    bands = np.concatenate([part[1] for part in parts])
    voiced = (periodicity > _VOICED) & _loud(bands) & _changing(bands)
    return _stretches(voiced, len(samples) / rate_hz)


def _frames(
    samples: NDArray[np.float32], rate_hz: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Periodicity [shape=(n,)] and power of 16 bands [shape=(n, 16)] of some frames at a time."""
    size, hop = round(_FRAME_S * rate_hz), round(_HOP_S * rate_hz)
    n_fft = 1 << (2 * size - 1).bit_length()
    window = np.hanning(size)
    views = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    bins_hz = np.fft.rfftfreq(n_fft, 1 / rate_hz)
    edges_hz = np.geomspace(80, min(7000, 0.9 * rate_hz / 2), 17)
    # Hum and rumble lie below the band, hiss above: pitch is looked for in what is left.
    passed = (bins_hz > 80) & (bins_hz < 2500)
    lags = slice(round(rate_hz / _PITCH_HZ[1]), min(size - 1, round(rate_hz / _PITCH_HZ[0])) + 1)
    edges = np.searchsorted(bins_hz, edges_hz)
    for start in range(0, len(views), 512):
        frames = views[start : start + 512].astype(np.float64)
        frames -= frames.mean(axis=1, keepdims=True)
        power = np.abs(np.fft.rfft(frames * window, n_fft)) ** 2
        # Of magnitudes, not powers: else a few strong bins of coloured noise look like a pitch.
        correlation = np.fft.irfft(np.sqrt(power) * passed, n_fft)
        periodicity = correlation[:, lags].max(axis=1) / np.maximum(correlation[:, 0], 1e-20)
        yield periodicity, np.add.reduceat(power, edges, axis=1)[:, :-1]


def _loud(bands: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Frames above the floor (the quietest tenth) and not far below the peak."""
    level = 10 * np.log10(bands.sum(axis=1) + 1e-20)
    peak, floor = np.percentile(level, 98), np.percentile(level, 10)
    # Where a clip is speech from end to end, its floor is speech too.
    threshold = min(floor + _ABOVE_FLOOR_DB, peak - 12)
    return np.asarray(level > max(threshold, peak - _BELOW_PEAK_DB))


def _changing(bands: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Frames in whose half second the shape of the spectrum changes as speech does, and hum does not."""
    shape = 10 * np.log10(bands + bands.max() * 1e-8 + 1e-20)
    shape = _smooth(shape, 5)
    step = round(0.1 / _HOP_S)
    if len(shape) <= step:
        return np.zeros(len(shape), dtype=bool)
    change = np.abs(shape[step:] - shape[:-step]).mean(axis=1)
    change = np.pad(change, (step // 2, step - step // 2), mode="edge")
    return np.asarray(_smooth(change[:, None], 50)[:, 0] > _CHANGE_DB)


def _smooth(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean over `width` rows around each row [shape=(n, columns)]."""
    sums = np.cumsum(np.vstack([np.zeros_like(values[:1]), values]), axis=0)
    here = np.arange(len(values))
    low, high = np.maximum(here - width // 2, 0), np.minimum(here + width // 2 + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None])


def _stretches(voiced: NDArray[np.bool_], duration_s: float) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(np.int8)))
    groups: list[list[float]] = []  # start, end, seconds voiced
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        start_s, end_s = float(first) * _HOP_S, float(stop - 1) * _HOP_S + _FRAME_S
        if groups and start_s - groups[-1][1] < _GAP_S + 2 * _REACH_S:
            groups[-1][1] = end_s
            groups[-1][2] += float(stop - first) * _HOP_S
        else:
            groups.append([start_s, end_s, float(stop - first) * _HOP_S])
    return [
        (max(0.0, start - _REACH_S), min(duration_s, end + _REACH_S))
        for start, end, voiced_s in groups
        if voiced_s >= _LEAST_VOICED_S
    ]
