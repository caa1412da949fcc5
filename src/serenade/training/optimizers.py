"""The optimizers and learning-rate schedules of a recipe."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from serenade.networks.registry import Network
from serenade.training.muon import Muon
from serenade.training.recipe import Recipe


def optimizers_of(model: nn.Module, network: Network, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """AdamW (Loshchilov & Hutter 2019), without decay of biases and normalisation; Muon for some weights.

    Args:
        model: the network, with its auxiliary heads where there are any: all that is trained.
        network: the network, which names its pretrained weights and those for Muon.
        recipe: learning rates and weight decay.
    """
    choice = recipe.training
    for_muon = network.muon_weights() if choice.muon_learning_rate else []
    pretrained = network.pretrained_weights()
    apart = {id(weight) for weight in [*for_muon, *pretrained]}
    fresh = [weight for weight in model.parameters() if weight.requires_grad and id(weight) not in apart]
    groups = [
        {"params": [weight for weight in weights if (weight.ndim > 1) == decays], "lr": rate}
        | {"weight_decay": choice.weight_decay if decays else 0.0}
        for weights, rate in ((fresh, choice.learning_rate), (pretrained, choice.encoder_learning_rate))
        for decays in (True, False)
        if weights
    ]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, fused=True)]
    if for_muon:
        optimizers.append(Muon(for_muon, lr=choice.muon_learning_rate, weight_decay=choice.muon_weight_decay))
    return optimizers


def schedule_of(optimizer: torch.optim.Optimizer, recipe: Recipe, *, steps: int) -> Any:
    """The learning-rate schedule of one optimizer over `steps` steps."""
    choice = recipe.training
    if choice.schedule == "one-cycle":
        # One step more than is taken, so that the last call stays inside the schedule; and a rise of at
        # least one step, by which torch divides.
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            [group["lr"] for group in optimizer.param_groups],
            total_steps=steps + 1,
            pct_start=max(choice.warmup_fraction, 2 / (steps + 1)),
            cycle_momentum=False,
        )
    if choice.schedule == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode="max", factor=0.5, patience=choice.plateau_patience
        )
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
