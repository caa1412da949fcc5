"""Removes silence at both ends of a clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FRAME_S, _HOP_S = 0.025, 0.010
_MARGIN_S = 0.060
"""Kept on both sides, because onsets and final breaths are weak."""


def trim_silence(
    samples: NDArray[np.float32], *, rate_hz: int, below_db: float = 40.0
) -> NDArray[np.float32]:
    """Keep the samples from the first to the last frame that is not far below the loudest one.

    Corpora differ in the silence around an utterance (a second on either side in RAVDESS, almost none in
    CREMA-D). A model trained on several corpora could use it to tell them apart.

    Args:
        samples: [shape=(n,)].
        rate_hz: their sample rate.
        below_db: frames this far below the loudest one are silence.

    Returns:
        A slice of `samples`; all of them if they are shorter than a frame.

    >>> voice = np.concatenate([np.zeros(8000), np.sin(np.arange(8000) / 5), np.zeros(8000)])
    >>> len(trim_silence(voice.astype(np.float32), rate_hz=8000)) / 8000
    1.155
    """
    frame, hop, margin = (round(seconds * rate_hz) for seconds in (_FRAME_S, _HOP_S, _MARGIN_S))
    if len(samples) <= frame:
        return samples
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, len(samples) - frame + 1, hop)
    power = energy[starts + frame] - energy[starts]
    loud = starts[power > power.max() * 10 ** (-below_db / 10)]
    if not len(loud):
        return samples
    return samples[max(0, loud[0] - margin) : loud[-1] + frame + margin]
