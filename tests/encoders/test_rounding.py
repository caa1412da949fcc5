"""Rounded weights: how far from the originals, and unchanged when they are rounded again."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from serenade.encoders.rounding import packed, round_weights, unpacked


@pytest.mark.parametrize(("precision", "error"), [("float16", 3e-4), ("int8", 0.012), ("int4", 0.11)])
def test_the_relative_error_and_rounding_again(precision, error):
    torch.manual_seed(0)
    layer = nn.Linear(256, 96)
    exact = layer.weight.detach().clone()
    round_weights(layer, precision)
    rounded = layer.weight.detach().clone()
    assert float((rounded - exact).norm() / exact.norm()) < error
    round_weights(layer, precision)
    torch.testing.assert_close(layer.weight.detach(), rounded, atol=1e-7, rtol=1e-6)


def test_a_block_of_zeros_and_known_values():
    weight = torch.zeros(1, 64)
    weight[0, 32:] = torch.tensor([7.0, -7.0, 3.0, 0.0]).repeat(8)
    values, scale = packed(weight)
    assert values.dtype == torch.uint8
    assert values[0, :4].tolist() == [8 + 16 * 15, 8 + 16 * 1, 8 + 16 * 11, 8 + 16 * 8]
    assert scale.flatten().tolist() == [1.0, 1.0]
    assert torch.equal(unpacked(values, scale), weight)
