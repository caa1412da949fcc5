"""The optimizer Muon: momentum whose update, as a matrix, is replaced by a nearly orthogonal one.

Jordan et al. 2024, https://kellerjordan.github.io/posts/muon. `torch.optim.Muon` refuses parameters that are
not matrices. Here it is convolutions that benefit from Muon, flattened to (outputs, everything else); a
convolution in channels-last memory cannot be passed as a view of a matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the odd polynomial that moves singular values towards 1."""
_STEPS = 4


class Muon(torch.optim.Optimizer):
    """Muon for weights of two or more axes.

    Args:
        params: the weights.
        lr: learning rate.
        weight_decay: decoupled, as in AdamW.
        momentum: of the moving average of gradients (Nesterov).
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float, weight_decay: float, momentum: float = 0.9
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Update the weights; `closure` is not used."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                average = self.state[weight].setdefault("average", torch.zeros_like(weight))
                average.lerp_(weight.grad, 1 - group["momentum"])
                step = orthogonal(weight.grad.lerp(average, group["momentum"]).flatten(1))
                # A tall matrix has more rows than orthogonal directions; scaled so that rows move equally.
                scale = max(1.0, step.shape[0] / step.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(step.reshape(weight.shape), alpha=-group["lr"] * scale)


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix near the closest orthogonal one: all singular values near 1 (Newton-Schulz iteration).

    >>> values = torch.linalg.svdvals(orthogonal(torch.randn(8, 20, generator=torch.manual_seed(0))))
    >>> bool(values.min() > 0.5) and bool(values.max() < 1.5)
    True
    """
    first, third, fifth = _NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    wide = matrix.T if tall else matrix
    wide = wide / (wide.norm() + 1e-7)
    # Every iterate is a polynomial in wide @ wide.T, times wide. The polynomials commute and are small square
    # matrices, so they are multiplied first: a third of the work with 9 times as many columns as rows.
    square = wide @ wide.T
    identity = torch.eye(len(square), dtype=square.dtype, device=square.device)
    polynomial = identity
    for _ in range(_STEPS):
        factor = first * identity + third * square + fifth * square @ square
        polynomial = factor @ polynomial
        square = factor @ square @ factor
    near: Tensor = polynomial @ wide
    return near.T if tall else near
