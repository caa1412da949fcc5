"""Which frames of a padded batch belong to their clips."""

from __future__ import annotations

import torch
from torch import Tensor


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """True where a frame belongs to its clip [shape=(batch, frames)].

    >>> frame_mask(torch.tensor([1, 3]), 3).int().tolist()
    [[1, 0, 0], [1, 1, 1]]
    """
    return torch.arange(frames, device=lengths.device)[None] < lengths[:, None]
