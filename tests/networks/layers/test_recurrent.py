from __future__ import annotations

import torch

from serenade.networks.layers.masking import frame_mask
from serenade.networks.layers.recurrent import BiLstm, Lstm


def test_one_bias_a_gate_equals_torch():
    """The same as nn.LSTM on packed sequences, whose second bias is zero."""
    torch.manual_seed(1)
    ours, theirs = BiLstm(5, 4), torch.nn.LSTM(5, 4, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for suffix, direction in (("l0", ours.forwards), ("l0_reverse", ours.backwards)):
            direction.bias.normal_()
            getattr(theirs, f"weight_ih_{suffix}").copy_(direction.weight_input)
            getattr(theirs, f"weight_hh_{suffix}").copy_(direction.weight_hidden)
            getattr(theirs, f"bias_ih_{suffix}").copy_(direction.bias)
            getattr(theirs, f"bias_hh_{suffix}").zero_()
    steps, lengths = torch.randn(3, 7, 5), torch.tensor([7, 2, 5])
    packed = torch.nn.utils.rnn.pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True)
    inside = frame_mask(lengths, 7)
    torch.testing.assert_close(ours(steps, inside)[inside], expected[inside], atol=1e-6, rtol=1e-5)


def test_forget_gates_start_open():
    assert Lstm(3, 2).bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
