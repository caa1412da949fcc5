"""Distance of embeddings to the training data, as a part of a network."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DomainCheck(nn.Module):
    """Distance to the nearest centre after a linear projection; see `serenade.domain`.

    Args:
        width: features of an embedding.
        components: rows of the projection.
        centres: number of centres.

    >>> DomainCheck(width=256, components=16, centres=3)(torch.ones(2, 256)).shape
    torch.Size([2])
    """

    projection: Tensor
    centres: Tensor

    def __init__(self, *, width: int, components: int, centres: int) -> None:
        super().__init__()
        self.register_buffer("projection", torch.zeros(components, width))
        self.register_buffer("centres", torch.zeros(centres, components))

    def forward(self, embedding: Tensor) -> Tensor:
        """Distances, 1 at the limit [shape=(n,)], of embeddings [shape=(n, width)]."""
        offsets = (embedding @ self.projection.T)[:, None] - self.centres
        return offsets.square().sum(2).amin(1).sqrt()
