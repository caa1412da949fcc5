"""The exponential moving average (EMA) of the weights, which is evaluated and kept."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

_Tensors = tuple[Tensor, ...] | list[Tensor]


def ema_of(network: nn.Module, *, decay: float) -> AveragedModel:
    """A copy of a network whose weights follow it when `update_parameters(network)` is called.

    The decay starts low and rises to `decay`, so that the random initial weights lose their influence soon:
    it is (1 + step) / (10 + step) at most. With decay 0 the copy always equals the network.

    Args:
        network: the one that is trained.
        decay: of the average.

    >>> network = nn.Linear(1, 1, bias=False)
    >>> ema = ema_of(network, decay=0.9)
    >>> for value in (0.0, 1.0):
    ...     _ = nn.init.constant_(network.weight, value)
    ...     ema.update_parameters(network)
    >>> round(ema.module.weight.item(), 3)
    0.75
    """

    def update(averages: _Tensors, current: _Tensors, steps: Tensor | int) -> None:
        if not averages[0].is_floating_point():  # counters of normalisation layers
            torch._foreach_copy_(averages, current)
            return
        step = int(steps) + 1
        now = min(decay, (1 + step) / (10 + step)) if decay else 0.0
        torch._foreach_lerp_(averages, current, 1 - now)

    return AveragedModel(network, multi_avg_fn=update, use_buffers=True)
