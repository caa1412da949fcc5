from __future__ import annotations

import pytest
import torch

from serenade.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(8, 8), (4, 30), (30, 4)])
def test_singular_values_come_near_one_and_directions_stay(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    near = orthogonal(matrix)
    values = torch.linalg.svdvals(near)
    assert near.shape == matrix.shape
    assert 0.4 < float(values.min()) <= float(values.max()) < 1.4
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    closest = u @ v
    assert float((near * closest).sum() / near.norm() / closest.norm()) > 0.95


def test_the_size_of_a_gradient_does_not_matter() -> None:
    weights = [torch.nn.Parameter(torch.zeros(4, 6)) for _ in range(2)]
    gradient = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    for weight, size in zip(weights, (1.0, 1000.0), strict=True):
        weight.grad = size * gradient
        Muon([weight], lr=0.1, weight_decay=0.0).step()
    torch.testing.assert_close(weights[0].detach(), weights[1].detach(), rtol=1e-3, atol=1e-5)


def test_filters_are_taken_and_decay_without_a_gradients_say() -> None:
    weight = torch.nn.Parameter(torch.ones(8, 2, 3, 3))
    weight.grad = torch.zeros_like(weight)
    Muon([weight], lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(weight.detach(), torch.full((8, 2, 3, 3), 0.95))


def test_it_finds_a_matrix_and_skips_what_has_no_gradient() -> None:
    target = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    weight, idle = torch.nn.Parameter(torch.zeros(6, 6)), torch.nn.Parameter(torch.ones(2, 2))
    muon = Muon([weight, idle], lr=0.05, weight_decay=0.0)
    losses = []
    for _ in range(80):
        loss = (weight - target).square().mean()
        muon.zero_grad()
        loss.backward()
        muon.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.05 * losses[0]
    assert torch.equal(idle.detach(), torch.ones(2, 2))
