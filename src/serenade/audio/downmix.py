"""Many channels to one, such that no voice is lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serenade.audio.level import SILENCE_DBFS, is_silent

_CORRELATED = 0.5
"""Two channels with a correlation beyond this, positive or negative, hold the same sound."""

# ITU-R BS.775, in FFmpeg's names: front pair -3 dB, surround channels -6 dB, no low-frequency channel.
_WEIGHTS = {"FL": 0.7071, "FR": 0.7071, "FC": 1.0, "LFE": 0.0, "LFE2": 0.0}
_SURROUND_WEIGHT = 0.5


class Downmix:
    """Mixes a recording to one channel, piece by piece.

    The channels are averaged. If the file declares a surround layout, the weights of ITU-R BS.775 are used,
    divided by their sum: the centre, where film speech is, has the most and the low-frequency channel none.
    A channel that is the inverse of an earlier one gets its sign changed, else the two would cancel. The sign
    is decided for every piece, and kept from the piece before if the channels are not correlated.

    Args:
        layout: names of the channels as FFmpeg has them ("FL", "FR", "FC", "LFE", "BL", …); None if the file
            does not declare them.

    Attributes:
        inverted: numbers of the channels that were inverted, from 1.

    >>> voice = np.sin(np.arange(1000, dtype=np.float32))
    >>> mix = Downmix()
    >>> bool(np.allclose(mix(np.stack([voice, -voice], axis=1)), voice)), mix.inverted
    (True, {2})
    """

    def __init__(self, layout: Sequence[str] | None = None) -> None:
        self.inverted: set[int] = set()
        self._layout = layout
        self._signs = np.ones(0)

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mix one piece.

        Args:
            samples: [shape=(n, channels)], finite.

        Returns:
            [shape=(n,)].
        """
        channels = samples.shape[1]
        if channels == 1 or not len(samples):
            return np.ascontiguousarray(samples[:, 0])
        if len(self._signs) != channels:
            self._signs = np.ones(channels)
        self._compare(samples)
        equal = np.ones(channels)
        if self._layout is None or len(self._layout) != channels or channels < 3:
            return self._mixed(samples, equal)
        weights = np.array([_WEIGHTS.get(name, _SURROUND_WEIGHT) for name in self._layout])
        mixed = self._mixed(samples, weights)
        # Silent: there is nothing to lose, or the layout is wrong and all sound is in a channel of weight 0.
        return self._mixed(samples, equal) if is_silent(mixed) else mixed

    def _mixed(self, samples: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
        mixed: NDArray[np.float32] = samples @ (self._signs * weights / weights.sum()).astype(np.float32)
        return mixed

    def _compare(self, samples: NDArray[np.float32]) -> None:
        """Set the sign of each channel by the earlier channel that it is most like."""
        centred = samples - samples.mean(axis=0, dtype=np.float64)
        covariance = centred.T @ centred
        power = np.diag(covariance)
        least = len(samples) * 10 ** (SILENCE_DBFS / 10)  # what is silent is like nothing
        correlation = covariance / np.sqrt(np.maximum(np.outer(power, power), least**2))
        for channel in range(1, len(correlation)):
            earlier = correlation[channel, :channel]
            nearest = int(np.abs(earlier).argmax())
            if abs(earlier[nearest]) > _CORRELATED:
                self._signs[channel] = self._signs[nearest] * np.sign(earlier[nearest])
            if self._signs[channel] < 0:
                self.inverted.add(channel + 1)
