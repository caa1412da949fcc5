"""Weights in 16, 8 or 4 bits: a file of a half to a seventh of the size, computed in float32.

Only the stored weights are rounded, so predictions do not depend on what else is in a batch, as they do where
activations are quantised as well.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Precision = Literal["float32", "float16", "int8", "int4"]

BLOCK = 32
"""Weights of a row that have one scale, in 4 bits."""

_LEVELS = 127
_LARGEST_LEVELS = (7, 8, 9, 6, 5)
"""Levels of the largest weight of a block, in 4 bits, that are tried; those above 7 or below -8 are clipped.

With integers, matrices that are rounded again do not change.
"""


def quantized(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix as 8-bit integers and one scale for each row.

    Args:
        weight: [shape=(rows, ...)].

    Returns:
        Integers of the same shape, and scales [shape=(rows, 1, ...)]; the weight is about their product.

    >>> values, scale = quantized(torch.tensor([[1.0, -0.5], [0.0, 0.0]]))
    >>> values.tolist(), [round(value, 4) for value in scale.flatten().tolist()]
    ([[127, -64], [0, 0]], [0.0079, 0.0079])
    """
    largest = weight.abs().amax(tuple(range(1, weight.ndim)), keepdim=True)
    scale = torch.where(largest > 0, largest, torch.ones_like(largest)) / _LEVELS
    return (weight / scale).round().to(torch.int8), scale


def is_packed(weight: Tensor, precision: Precision) -> bool:
    """Whether a weight is stored in 4 bits: a matrix whose rows are whole pairs of blocks; others in 8."""
    return precision == "int4" and weight.ndim == 2 and weight.shape[1] % (2 * BLOCK) == 0


def packed(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix as 4-bit integers, two in a byte, and one float16 scale for each block of a row.

    The scale of a block is the one, of five, with the least squared error.

    Args:
        weight: [shape=(rows, columns)], columns a multiple of 64.

    Returns:
        Bytes [shape=(rows, columns / 2)]; the low four bits are the first half of the columns, the high ones
        the second half, each plus 8. Scales [shape=(rows, columns / 32, 1)].

    >>> weight = torch.arange(-32.0, 32.0)[None]
    >>> values, scale = packed(weight)
    >>> tuple(values.shape), tuple(scale.shape), bool((unpacked(values, scale) - weight).abs().max() < 2.3)
    ((1, 32), (1, 2, 1), True)
    """
    blocks = _in_blocks(weight)
    largest = blocks.abs().amax(-1, keepdim=True)
    best_error = torch.full_like(largest, torch.inf)
    best = torch.ones_like(largest)
    for level in _LARGEST_LEVELS:
        scale = (largest / level).half().float()
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        error = (_levels(blocks, scale) * scale - blocks).square().sum(-1, keepdim=True)
        best = torch.where(error < best_error, scale, best)
        best_error = torch.minimum(error, best_error)
    low, high = (_levels(blocks, best) + 8).flatten(1).to(torch.uint8).chunk(2, dim=1)
    return low | (high << 4), best.half()


def unpacked(values: Tensor, scale: Tensor) -> Tensor:
    """The matrix, in float32, of what `packed` returns."""
    levels = torch.cat([values & 15, values >> 4], dim=1).float() - 8
    return (_in_blocks(levels) * scale.float()).flatten(1)


def _in_blocks(matrix: Tensor) -> Tensor:
    return matrix.reshape(len(matrix), -1, BLOCK)


def _levels(blocks: Tensor, scale: Tensor) -> Tensor:
    return (blocks / scale).round().clamp(-8, 7)


def round_weights(module: nn.Module, precision: Precision) -> None:
    """Replace the matrices and filters of a module by what they are after storage in a precision.

    Args:
        module: changed in place.
        precision: "float32" changes nothing.
    """
    for weight in module.parameters():
        if weight.ndim < 2 or precision == "float32":
            continue
        if precision == "float16":
            weight.data = weight.data.half().float()
        elif is_packed(weight, precision):
            weight.data = unpacked(*packed(weight.data))
        else:
            values, scale = quantized(weight.data)
            weight.data = values * scale
