"""A clip heard at another tempo, inside the network, and so inside its exported graph."""

from __future__ import annotations

from fractions import Fraction

import torch
from torch import Tensor

from serenade.networks.layers.masking import frame_mask, steps_of


def at_tempo(features: Tensor, lengths: Tensor, percent: int) -> tuple[Tensor, Tensor]:
    """Read features at another tempo: frames in between are mixed of their neighbours, linearly.

    Args:
        features: zero on padding [shape=(batch, mels, frames)].
        lengths: valid frames [shape=(batch,)].
        percent: of the tempo as it is, e.g. 108.

    Returns:
        Features, zero on padding, and their lengths: 100 / `percent` of what they were, rounded up.

    >>> ramp = torch.arange(4.0)[None, None]
    >>> at_tempo(ramp, torch.tensor([4]), 50)[0][0, 0].tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0]
    """
    tempo = Fraction(percent, 100)
    # In whole numbers, so that the exported graph counts frames as torch does.
    changed = (lengths * tempo.denominator + tempo.numerator - 1) // tempo.numerator
    step = steps_of(changed)
    last = (lengths - 1)[:, None]
    whole = torch.minimum(step[None] * tempo.numerator // tempo.denominator, last)
    after = torch.minimum(whole + 1, last)
    share = (step * tempo.numerator % tempo.denominator).to(features.dtype) / tempo.denominator
    here, there = (
        features.gather(2, frame[:, None].expand(-1, features.shape[1], -1)) for frame in (whole, after)
    )
    mixed = here + share * (there - here)
    return mixed * frame_mask(changed, mixed.shape[2])[:, None].to(mixed.dtype), changed
