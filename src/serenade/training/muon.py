"""Muon: momentum whose step, seen as a matrix, is brought near an orthogonal one.

Jordan et al. 2024, https://kellerjordan.github.io/posts/muon. torch's own takes matrices only; convolutions,
flattened to (outputs, everything else), are what gains from it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the odd polynomial that pulls singular values towards 1."""
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
        """Take one step; `closure` is not used."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                average = self.state[weight].setdefault("average", torch.zeros_like(weight))
                average.lerp_(weight.grad, 1 - group["momentum"])
                step = orthogonal(weight.grad.lerp(average, group["momentum"]).flatten(1))
                # A tall matrix has fewer directions to step in than rows: scaled so that rows move alike.
                scale = max(1.0, step.shape[0] / step.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(step.reshape(weight.shape), alpha=-group["lr"] * scale)


def orthogonal(matrix: Tensor) -> Tensor:
    """Near the closest orthogonal matrix: all singular values pulled towards 1 (Newton-Schulz).

    >>> values = torch.linalg.svdvals(orthogonal(torch.randn(8, 20, generator=torch.manual_seed(0))))
    >>> bool(values.min() > 0.5) and bool(values.max() < 1.5)
    True
    """
    first, third, fifth = _NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    wide = matrix.T if tall else matrix
    wide = wide / (wide.norm() + 1e-7)
    # Every iterate is a polynomial in wide @ wide.T, times wide; the polynomials, which are small, square and
    # commute, are multiplied first. With 9 times as many columns as rows that is a third of the work.
    square = wide @ wide.T
    identity = torch.eye(len(square), dtype=square.dtype, device=square.device)
    polynomial = identity
    for _ in range(_STEPS):
        factor = first * identity + third * square + fifth * square @ square
        polynomial = factor @ polynomial
        square = factor @ square @ factor
    near: Tensor = polynomial @ wide
    return near.T if tall else near
