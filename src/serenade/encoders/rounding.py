"""Weights in 16 or 8 bits: a file of half or a quarter of the size, computed in float32.

Only the stored weights are rounded, so predictions do not depend on what else is in a batch, as they do where
activations are quantised as well.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Precision = Literal["float32", "float16", "int8"]

_LEVELS = 127


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
        else:
            values, scale = quantized(weight.data)
            weight.data = values * scale
