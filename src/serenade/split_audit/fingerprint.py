"""Landmarks of a sound, and an index that finds the sounds that share them.

A landmark is a pair of spectral peaks: two frequencies and the time between them. It does not change with
the level, and most landmarks survive a codec, a limited band, clipping and moderate noise. Two copies of a
sound share many landmarks at one offset in time, two different recordings share few (Wang, "An
industrial-strength audio search algorithm", ISMIR 2003). The index is a sorted array, so that no clip is
compared with every other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
"""Rate of the samples that landmarks are computed from."""
HOP = 128
N_FFT = 512
MIN_SHARED = 8
"""Fewer landmarks at one offset are shared by chance."""
MAX_CANDIDATES = 20
"""Most candidates of one query."""

_BINS = (10, 224)  # 156 to 3,500 Hz, which a telephone transmits
_PEAK_FRAMES, _PEAK_BINS = 9, 11
_RANGE = 7.0  # logarithm of the amplitude below the loudest peak: 60 dB
_PEAKS_PER_S = 20
_FAN = 8
_MAX_FRAMES, _MAX_BINS = 64, 64
_MAX_COMMON = 2000
"""A landmark that so many sounds have says nothing, such as those of a hum."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Landmarks:
    """The landmarks of a sound.

    Attributes:
        hashes: both frequencies and the time between them as one number `[shape=(n,)]`.
        frames: where each begins, in hops `[shape=(n,)]`.
    """

    hashes: NDArray[np.int32]
    frames: NDArray[np.int32]

    @classmethod
    def of(cls, samples: NDArray[np.float32]) -> Landmarks:
        """Find the landmarks of samples at `RATE_HZ` `[shape=(n,)]`.

        >>> Landmarks.of(np.zeros(RATE_HZ, np.float32)).hashes.size
        0
        """
        level = _log_spectrum(samples)
        frames, bins = _peaks(level, most=int(_PEAKS_PER_S * len(samples) / RATE_HZ) + 10)
        hashes, starts = [], []
        for step in range(1, _FAN + 1):
            time, change = frames[step:] - frames[:-step], bins[step:] - bins[:-step]
            kept = (time > 0) & (time < _MAX_FRAMES) & (np.abs(change) < _MAX_BINS)
            first, change, time = bins[:-step][kept], change[kept] + _MAX_BINS, time[kept]
            hashes.append((first * 2 * _MAX_BINS + change) * _MAX_FRAMES + time)
            starts.append(frames[:-step][kept])
        return cls(
            hashes=np.concatenate(hashes).astype(np.int32), frames=np.concatenate(starts).astype(np.int32)
        )

    @classmethod
    def joined(cls, parts: Iterable[tuple[int, Landmarks]]) -> Landmarks:
        """Join the landmarks of consecutive blocks, each with the frame that it begins at."""
        pairs = list(parts)
        empty = np.zeros(0, np.int32)
        return cls(
            hashes=np.concatenate([empty, *(part.hashes for _, part in pairs)]),
            frames=np.concatenate([empty, *(part.frames + np.int32(start) for start, part in pairs)]),
        )


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A sound that shares landmarks with a query.

    Attributes:
        sound: its number in the index.
        shared: number of landmarks at one offset.
        offset: how many hops later the landmarks are in the sound than in the query.
    """

    sound: int
    shared: int
    offset: int


class LandmarkIndex:
    """The landmarks of many sounds, sorted by their hash.

    >>> noise = np.random.default_rng(0).normal(size=2 * RATE_HZ).astype(np.float32)
    >>> sounds = [Landmarks.of(noise), Landmarks.of(noise[::-1].copy())]
    >>> copy = Landmarks.of(noise[20 * HOP :])
    >>> [(found.sound, found.offset) for found in LandmarkIndex(sounds).query(copy)]
    [(0, 20)]
    """

    def __init__(self, sounds: Sequence[Landmarks]) -> None:
        hashes = np.concatenate([np.zeros(0, np.int32), *(sound.hashes for sound in sounds)])
        order = np.argsort(hashes, kind="stable")
        sizes = [len(sound.hashes) for sound in sounds]
        self._hashes = hashes[order]
        self._sounds = np.repeat(np.arange(len(sounds), dtype=np.int32), sizes)[order]
        frames = np.concatenate([np.zeros(0, np.int32), *(sound.frames for sound in sounds)])
        self._frames = frames[order]

    def query(self, query: Landmarks) -> Iterator[Candidate]:
        """Yield the sounds with at least `MIN_SHARED` landmarks at one offset, the most similar first."""
        low = np.searchsorted(self._hashes, query.hashes, "left")
        counts = np.searchsorted(self._hashes, query.hashes, "right") - low
        counts = np.where(counts > _MAX_COMMON, 0, counts)
        asked = np.repeat(np.arange(len(counts)), counts)
        ends = np.cumsum(counts)
        places = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts) + low[asked]
        offsets = self._frames[places].astype(np.int64) - query.frames[asked]
        if not len(offsets):
            return
        least, width = int(offsets.min()), int(offsets.max() - offsets.min()) + 3
        keys, shared = np.unique(
            self._sounds[places].astype(np.int64) * width + offsets - least, return_counts=True
        )
        # The copy may begin between two hops: landmarks then have two neighbouring offsets.
        following = np.append(np.where(np.diff(keys) == 1, shared[1:], 0), 0)
        both = shared + following
        sounds = keys // width
        yielded: set[int] = set()
        for place in np.argsort(-both, kind="stable"):
            if both[place] < MIN_SHARED or len(yielded) == MAX_CANDIDATES:
                return
            if (sound := int(sounds[place])) not in yielded:
                yielded.add(sound)
                nearer = place + int(following[place] > shared[place])
                offset = int(keys[nearer] % width) + least
                yield Candidate(sound=sound, shared=int(both[place]), offset=offset)


def _log_spectrum(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithm of the amplitudes `[shape=(frames, bins)]`."""
    padded = np.pad(samples, (0, max(0, N_FFT - len(samples))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP] * np.hanning(N_FFT)
    return np.log(np.abs(np.fft.rfft(windows, axis=1))[:, slice(*_BINS)] + 1e-9)


def _peaks(level: NDArray[np.float64], *, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frames and bins of the local maxima, at most `most`, the loudest ones, in the order of time."""
    from scipy.ndimage import maximum_filter

    floor = max(float(level.max()) - _RANGE, -10.0)
    highest = maximum_filter(level, size=(_PEAK_FRAMES, _PEAK_BINS), mode="constant", cval=-np.inf)
    frames, bins = np.nonzero((level == highest) & (level > floor))
    loudest = np.argsort(-level[frames, bins], kind="stable")[:most]
    order = loudest[np.lexsort((bins[loudest], frames[loudest]))]
    return frames[order], bins[order]
