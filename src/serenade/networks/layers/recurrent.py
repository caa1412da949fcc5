"""LSTM layers that never read padding, and that trace to ONNX with any batch and any length.

One bias a gate, as Keras and the papers have it; PyTorch's own carries two, of which only the sum is felt.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from serenade.networks.layers.masking import in_order, reversal


class Lstm(nn.Module):
    """One direction of one LSTM layer (Hochreiter and Schmidhuber 1997), from the first step on.

    Args:
        n_inputs: features of a step.
        hidden: features that it gives for each step.

    >>> lstm = Lstm(600, 128)
    >>> lstm(torch.randn(2, 7, 600)).shape
    torch.Size([2, 7, 128])
    >>> sum(p.numel() for p in lstm.parameters())
    373248
    """

    def __init__(self, n_inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.weight_input = nn.Parameter(torch.empty(4 * hidden, n_inputs))
        self.weight_hidden = nn.Parameter(torch.empty(4 * hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        nn.init.xavier_uniform_(self.weight_input)
        nn.init.orthogonal_(self.weight_hidden)
        # Gates: input, forget, cell, output. To remember from the start helps (Jozefowicz et al. 2015).
        nn.init.ones_(self.bias[hidden : 2 * hidden])

    def forward(self, steps: Tensor) -> Tensor:
        """States after each step [shape=(batch, steps, hidden)] of [shape=(batch, steps, features)]."""
        weights = [self.weight_input, self.weight_hidden, self.bias, torch.zeros_like(self.bias)]
        start = steps.new_zeros(1, steps.shape[0], self.hidden)
        states: Tensor = torch.lstm(steps, (start, start), weights, True, 1, 0.0, self.training, False, True)[
            0
        ]
        return states


class BothWays(nn.Module):
    """A bidirectional LSTM layer (Schuster and Paliwal 1997), each clip read within its own length.

    The way back reads the clip reversed in place: packed sequences would do the same, but cannot be exported.

    Args:
        n_inputs: features of a step.
        hidden: features of each direction.
    """

    def __init__(self, n_inputs: int, hidden: int) -> None:
        super().__init__()
        self.ahead = Lstm(n_inputs, hidden)
        self.back = Lstm(n_inputs, hidden)

    def forward(self, steps: Tensor, inside: Tensor) -> Tensor:
        """States [shape=(batch, steps, 2 * hidden)]; those of the padding mean nothing.

        Args:
            steps: [shape=(batch, steps, features)].
            inside: of `frame_mask` [shape=(batch, steps)].
        """
        turned = reversal(inside)
        back = in_order(self.back(in_order(steps, turned)), turned)
        return torch.cat([self.ahead(steps), back], dim=-1)
