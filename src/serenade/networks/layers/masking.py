"""Lengths and masks, so that padding never changes a logit.

A mask is applied after every operation that could write into the padding (convolution bias, batch
normalisation), so that a clip alone and the same clip in a padded batch give the same logits.
"""

from __future__ import annotations

import torch
from torch import Tensor

from serenade.encoders.masking import frame_mask as frame_mask


def halved(lengths: Tensor) -> Tensor:
    """Lengths after a stride or pooling of 2 that keeps an odd last frame."""
    return (lengths + 1) // 2


def masked(maps: Tensor, lengths: Tensor) -> Tensor:
    """Zero the padding of feature maps [shape=(batch, channels, mels, frames)]."""
    mask = frame_mask(lengths, maps.shape[-1]).to(maps.dtype)[:, None, None]
    # Expanded over channels: with channels-last maps, a whole row is then multiplied at once.
    return maps * mask.expand(-1, maps.shape[1], -1, -1).contiguous(memory_format=torch.channels_last)


def steps_of(counts: Tensor) -> Tensor:
    """0, 1, 2, … up to the largest count, excluded [shape=(longest,)].

    >>> steps_of(torch.tensor([1, 3])).tolist()
    [0, 1, 2]
    """
    # From a tensor, not a number: a number would become a constant of the exported graph.
    return torch.arange(counts.max(), device=counts.device)  # type: ignore[call-overload,no-any-return]


def reversal(inside: Tensor) -> Tensor:
    """The order that reverses each clip within its own length; padding stays where it is.

    Args:
        inside: of `frame_mask` [shape=(batch, frames)].

    Returns:
        The frame to read at each place; it is its own inverse [shape=(batch, frames)].

    >>> reversal(frame_mask(torch.tensor([2]), 3)).tolist()
    [[1, 0, 2]]
    """
    frame = inside.long().cumsum(1) - 1
    last = inside.long().sum(1, keepdim=True) - 1
    padding = (~inside).long().cumsum(1)
    return torch.where(inside, last - frame, last + padding)


def gather_frames(steps: Tensor, order: Tensor) -> Tensor:
    """The frames of each clip in another order.

    Args:
        steps: [shape=(batch, frames, features)].
        order: which frame to read at each place [shape=(batch, frames)].
    """
    return steps.gather(1, order[:, :, None].expand(-1, -1, steps.shape[2]))


def masked_statistics(steps: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean and standard deviation over time.

    Args:
        steps: [shape=(batch, channels, frames)].
        weights: non-negative, zero on padding, summing to 1 over time; broadcastable to `steps`.

    Returns:
        mean and standard deviation, each [shape=(batch, channels)].
    """
    mean = (steps * weights).sum(-1)
    variance = ((steps - mean[..., None]).square() * weights).sum(-1)
    return mean, (variance + 1e-5).sqrt()


def group_rows(counts: Tensor) -> tuple[Tensor, Tensor]:
    """How to pad consecutive rows group by group, such as the utterances of dialogues.

    Args:
        counts: rows of each group [shape=(groups,)].

    Returns:
        A mask that is True where there is a row, and the number of that row (0 for padding), each
        [shape=(groups, longest)].

    >>> inside, rows = group_rows(torch.tensor([2, 1]))
    >>> inside.int().tolist(), rows.tolist()
    ([[1, 1], [1, 0]], [[0, 1], [2, 0]])
    """
    step = steps_of(counts)[None]
    inside = step < counts[:, None]
    rows = (counts.cumsum(0) - counts)[:, None] + step
    return inside, torch.where(inside, rows, 0)
