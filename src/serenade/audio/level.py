"""How loud a sound is: level, silence, clipping."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SILENCE_DBFS = -80.0
"""Sound below this level is silence: RAVDESS's faintest clip has -64, one step of 16 bits is -90."""


def level_dbfs(samples: NDArray[np.float32]) -> float:
    """Root mean square in dB relative to full scale, after removal of the mean; at least -120.

    Args:
        samples: [shape=(n,)], full scale 1.

    >>> level_dbfs(np.tile(np.array([0.5, -0.5], dtype=np.float32), 100))
    -6.02...
    """
    if not len(samples):
        return -120.0
    return float(20 * np.log10(max(float(np.std(samples, dtype=np.float64)), 1e-6)))


def is_silent(samples: NDArray[np.float32]) -> bool:
    """Whether the level is below `SILENCE_DBFS`.

    >>> is_silent(np.zeros(100, dtype=np.float32))
    True
    """
    return level_dbfs(samples) < SILENCE_DBFS


def is_clipped(samples: NDArray[np.float32]) -> bool:
    """Whether the peaks are cut off: at least ten runs of three samples at the peak value.

    >>> wave = np.sin(np.arange(16_000) / 5).astype(np.float32)
    >>> is_clipped(wave), is_clipped(np.clip(3 * wave, -1, 1))
    (False, True)
    """
    magnitude = np.abs(samples)
    if len(magnitude) < 3 or magnitude.max() < 0.05:
        return False
    at_peak = magnitude >= 0.9999 * magnitude.max()
    return int(np.count_nonzero(at_peak[:-2] & at_peak[1:-1] & at_peak[2:])) >= 10
