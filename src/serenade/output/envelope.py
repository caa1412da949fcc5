"""The envelope of a sound, for drawing its waveform."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from serenade.inference.arrays import Waveform


def envelope(sound: Iterable[Waveform], *, width: int) -> npt.NDArray[np.float32]:
    """Return the lowest and highest sample of consecutive blocks, in constant memory.

    Args:
        sound: consecutive blocks of samples of a recording [shape=(samples,)].
        width: samples per block; the last block may be shorter.

    Returns:
        Array [shape=(2, blocks)].

    >>> envelope([np.array([0, 1, -2], dtype=np.float32), np.array([3], dtype=np.float32)], width=2)
    array([[ 0., -2.],
           [ 1.,  3.]], dtype=float32)
    """
    low: list[float] = []
    high: list[float] = []
    rest = np.zeros(0, dtype=np.float32)
    for samples in sound:
        rest = np.concatenate([rest, samples])
        whole = len(rest) // width * width
        full = rest[:whole].reshape(-1, width)
        low.extend(full.min(axis=1))
        high.extend(full.max(axis=1))
        rest = rest[whole:]
    if len(rest):
        low.append(rest.min())
        high.append(rest.max())
    return np.array([low, high], dtype=np.float32)
