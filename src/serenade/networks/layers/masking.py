"""Lengths and masks: what keeps padding from changing an answer.

All masks are multiplied in after every operation that could fill the padding (convolution bias, batch
normalisation), so that a clip alone and the same clip in a padded batch give the same logits.
"""

from __future__ import annotations

import torch
from torch import Tensor


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """True where a frame belongs to its clip [shape=(batch, frames)].

    >>> frame_mask(torch.tensor([1, 3]), 3).int().tolist()
    [[1, 0, 0], [1, 1, 1]]
    """
    return torch.arange(frames, device=lengths.device)[None] < lengths[:, None]


def halved(lengths: Tensor) -> Tensor:
    """Lengths after a stride or pooling of 2 that keeps the last odd frame."""
    return (lengths + 1) // 2


def masked(maps: Tensor, lengths: Tensor) -> Tensor:
    """Zero the padding of feature maps [shape=(batch, channels, mels, frames)]."""
    mask = frame_mask(lengths, maps.shape[-1]).to(maps.dtype)[:, None, None]
    # Written out for every channel: of channels-last maps a whole row is then multiplied at once, and not
    # one frame's few channels after the other.
    return maps * mask.expand(-1, maps.shape[1], -1, -1).contiguous(memory_format=torch.channels_last)


def steps_of(counts: Tensor) -> Tensor:
    """0, 1, 2, … as far as the largest count [shape=(longest,)].

    >>> steps_of(torch.tensor([1, 3])).tolist()
    [0, 1, 2]
    """
    # Of a tensor, not a number: the exported graph then measures each batch anew.
    return torch.arange(counts.max(), device=counts.device)  # type: ignore[call-overload,no-any-return]


def reversal(inside: Tensor) -> Tensor:
    """Order that reverses each clip within its own length and leaves its padding in place.

    Args:
        inside: of `frame_mask` [shape=(batch, frames)].

    Returns:
        For each frame the frame to read, its own inverse [shape=(batch, frames)].

    >>> reversal(frame_mask(torch.tensor([2]), 3)).tolist()
    [[1, 0, 2]]
    """
    frame = inside.long().cumsum(1) - 1
    last = inside.long().sum(1, keepdim=True) - 1
    padding = (~inside).long().cumsum(1)
    return torch.where(inside, last - frame, last + padding)


def in_order(steps: Tensor, order: Tensor) -> Tensor:
    """Read the frames of each clip in the given order [shape=(batch, frames, features)]."""
    return steps.gather(1, order[:, :, None].expand(-1, -1, steps.shape[2]))


def masked_statistics(steps: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean and deviation over time.

    Args:
        steps: [shape=(batch, channels, frames)].
        weights: non-negative, zero on padding, summing to 1 over time; broadcastable to `steps`.

    Returns:
        mean and deviation, each [shape=(batch, channels)].
    """
    mean = (steps * weights).sum(-1)
    variance = ((steps - mean[..., None]).square() * weights).sum(-1)
    return mean, (variance + 1e-5).sqrt()


def places(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Where rows that follow each other lie once they are padded, such as the utterances of dialogues.

    Args:
        counts: rows of each group [shape=(groups,)].

    Returns:
        True where there is a row, and which, each [shape=(groups, longest)]; the padding reads row 0.

    >>> inside, rows = places(torch.tensor([2, 1]))
    >>> inside.int().tolist(), rows.tolist()
    ([[1, 1], [1, 0]], [[0, 1], [2, 0]])
    """
    step = steps_of(counts)[None]
    inside = step < counts[:, None]
    rows = (counts.cumsum(0) - counts)[:, None] + step
    return inside, torch.where(inside, rows, 0)
