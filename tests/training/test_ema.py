from __future__ import annotations

import torch
from torch import nn

from serenade.training.ema import ema_of


def follow(decay: float, *weights: float) -> nn.Module:
    """The average after the network had these weights, one after another."""
    network = nn.BatchNorm1d(2)
    ema = ema_of(network, decay=decay)
    for weight in weights:
        nn.init.constant_(network.weight, weight)
        network.num_batches_tracked += 5
        ema.update_parameters(network)
    return ema.module


def test_the_first_step_is_copied_and_later_ones_are_averaged() -> None:
    assert follow(0.9, 3.0).weight.tolist() == [3.0, 3.0]
    # The decay of the second step is (1 + 2) / (10 + 2).
    torch.testing.assert_close(follow(0.9, 3.0, 1.0).weight.detach(), torch.full((2,), 1.5))
    torch.testing.assert_close(follow(0.1, 3.0, 1.0).weight.detach(), torch.full((2,), 1.2))


def test_without_decay_the_copy_equals_the_network() -> None:
    assert follow(0.0, 3.0, 1.0, -2.0).weight.tolist() == [-2.0, -2.0]


def test_counters_are_copied() -> None:
    assert int(follow(0.9, 3.0, 1.0).num_batches_tracked) == 10
