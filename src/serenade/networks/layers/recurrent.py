"""LSTM layers that never read padding, and that export to ONNX with any batch and any length."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from serenade.networks.layers.masking import gather_frames, reversal


class Lstm(nn.Module):
    """One direction of one LSTM layer (Hochreiter and Schmidhuber 1997).

    One bias for each gate, as in Keras and the papers: PyTorch has two, and only their sum matters.

    Args:
        n_inputs: features of a step.
        hidden: features of a state.

    >>> lstm = Lstm(600, 128)
    >>> lstm(torch.randn(2, 7, 600)).shape
    torch.Size([2, 7, 128])
    >>> sum(p.numel() for p in lstm.parameters())
    373248
    """

    def __init__(self, n_inputs: int, hidden: int) -> None:
        super().__init__()
        self.weight_input = nn.Parameter(torch.empty(4 * hidden, n_inputs))
        self.weight_hidden = nn.Parameter(torch.empty(4 * hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        nn.init.xavier_uniform_(self.weight_input)
        nn.init.orthogonal_(self.weight_hidden)
        # Gates: input, forget, cell, output. Forget gates start open (Jozefowicz et al. 2015).
        nn.init.ones_(self.bias[hidden : 2 * hidden])

    def forward(self, steps: Tensor) -> Tensor:
        """States after each step [shape=(batch, steps, hidden)] of [shape=(batch, steps, features)]."""
        weights = [self.weight_input, self.weight_hidden, self.bias, torch.zeros_like(self.bias)]
        return lstm_states(steps, weights, training=self.training)


class BiLstm(nn.Module):
    """A bidirectional LSTM layer (Schuster and Paliwal 1997), within the length of each sequence.

    Args:
        n_inputs: features of a step.
        hidden: features of each direction.
    """

    def __init__(self, n_inputs: int, hidden: int) -> None:
        super().__init__()
        self.forwards = Lstm(n_inputs, hidden)
        self.backwards = Lstm(n_inputs, hidden)

    def forward(self, steps: Tensor, inside: Tensor) -> Tensor:
        """States [shape=(batch, steps, 2 * hidden)]; those of padding are undefined.

        Args:
            steps: [shape=(batch, steps, features)].
            inside: of `frame_mask` [shape=(batch, steps)].
        """
        return bidirectional(steps, inside, forwards=self.forwards, backwards=self.backwards)


def bidirectional(
    steps: Tensor,
    inside: Tensor,
    *,
    forwards: Callable[[Tensor], Tensor],
    backwards: Callable[[Tensor], Tensor],
) -> Tensor:
    """Run one layer in both directions within the length of each sequence, and concatenate the states.

    The backward direction reads each sequence reversed in place. Packed sequences give the same result, but
    cannot be exported.

    Args:
        steps: [shape=(batch, steps, features)].
        inside: of `frame_mask` [shape=(batch, steps)].
        forwards: from steps to states.
        backwards: the same, for the reversed steps.
    """
    reverse = reversal(inside)
    states = gather_frames(backwards(gather_frames(steps, reverse)), reverse)
    return torch.cat([forwards(steps), states], dim=-1)


def lstm_states(steps: Tensor, weights: list[Tensor], *, training: bool) -> Tensor:
    """States of one direction of one LSTM layer [shape=(batch, steps, hidden)].

    Args:
        steps: [shape=(batch, steps, features)].
        weights: of the input, of the state, and the bias of each, as in `torch.nn.LSTM`.
        training: whether gradients are needed.
    """
    start = steps.new_zeros(1, steps.shape[0], weights[1].shape[1])
    states: Tensor = torch.lstm(steps, (start, start), weights, True, 1, 0.0, training, False, True)[0]
    return states
