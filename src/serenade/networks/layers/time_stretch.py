"""A change of speed on log-mels as torch operations, so that it is part of the exported graph."""

from __future__ import annotations

from fractions import Fraction

import torch
from torch import Tensor

from serenade.networks.layers.masking import frame_mask, steps_of


def time_stretch(features: Tensor, lengths: Tensor, speed: float) -> tuple[Tensor, Tensor]:
    """Play features at another speed, with linear interpolation between frames.

    Args:
        features: zero on padding [shape=(batch, mels, frames)].
        lengths: valid frames [shape=(batch,)].
        speed: ratio, above 1 for faster, such as 1.08.

    Returns:
        Features, zero on padding, and their lengths: `lengths / speed`, rounded up.

    >>> ramp = torch.arange(4.0)[None, None]
    >>> time_stretch(ramp, torch.tensor([4]), 0.5)[0][0, 0].tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0]
    """
    # Integer arithmetic, so that the exported graph counts frames as torch does: 1.08 is 27 / 25.
    # A ratio of larger numbers would overflow.
    ratio = Fraction(speed).limit_denominator(1000)
    new_lengths = (lengths * ratio.denominator + ratio.numerator - 1) // ratio.numerator
    step = steps_of(new_lengths)
    last = (lengths - 1)[:, None]
    before = torch.minimum(step[None] * ratio.numerator // ratio.denominator, last)
    after = torch.minimum(before + 1, last)
    weight = (step * ratio.numerator % ratio.denominator).to(features.dtype) / ratio.denominator
    left, right = (
        features.gather(2, frame[:, None].expand(-1, features.shape[1], -1)) for frame in (before, after)
    )
    stretched = left + weight * (right - left)
    inside = frame_mask(new_lengths, stretched.shape[2])[:, None]
    return stretched * inside.to(stretched.dtype), new_lengths
