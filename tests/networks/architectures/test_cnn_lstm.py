"""The network of the CREMA-D scripts: its size, the names of its weights, and its recurrence."""

from __future__ import annotations

import pytest
import torch

from serenade.networks import create_network
from serenade.networks.layers.masking import frame_mask
from serenade.networks.registry import NETWORKS


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="network",
    verdict="equal",
    note="`cnn_lstm.original` has 41,155,206 parameters.",
)
def test_the_original_has_as_many_parameters_as_published():
    assert NETWORKS["cnn_lstm.original"].count_parameters() == 41_155_206


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="names of the weights",
    verdict="equal",
    note="conv1, bn1, conv2a … conv4_shortcut, lstm, attention, fc1, bn_fc1, fc2, bn_fc2, fc3.",
)
def test_original_state_dict_names():
    network = create_network("cnn_lstm.original", n_mels=128, n_classes=6)
    names = {name.split(".")[0] for name in network.state_dict()}
    blocks = {f"{kind}{block}{half}" for block in (2, 3, 4) for kind in ("conv", "bn") for half in "ab"}
    shortcuts = {f"conv{block}_shortcut" for block in (2, 3, 4)}
    head = {"lstm", "attention", "fc1", "bn_fc1", "fc2", "bn_fc2", "fc3"}
    assert names == {"conv1", "bn1"} | blocks | shortcuts | head


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="sequence of the LSTM",
    verdict="differs",
    note="`cnn_lstm`, the network of the trainer, runs over time: 4,096 features per step, any length. "
    "The original runs over the 8 mel steps: 5,632 features, one width.",
)
def test_the_network_of_the_trainer_runs_over_time():
    ours = create_network("cnn_lstm", n_mels=128, n_classes=6)
    original = create_network("cnn_lstm.original", n_mels=128, n_classes=6)
    assert (ours.lstm.input_size, original.lstm.input_size) == (4_096, 5_632)
    with torch.no_grad():
        for frames in (40, 300):
            logits = ours.eval()(torch.randn(1, 128, frames), torch.tensor([frames]))
            assert logits.shape == (1, 6)


def test_recurrence_and_attention_equal_torch_modules():
    """The same as nn.LSTM on packed sequences and nn.MultiheadAttention."""
    torch.manual_seed(1)
    network = create_network("cnn_lstm", n_mels=16, n_classes=6).eval()
    steps = torch.tensor([7, 3])
    sequence = torch.randn(2, 7, 512) * frame_mask(steps, 7)[..., None]
    packed = torch.nn.utils.rnn.pack_padded_sequence(sequence, steps, batch_first=True)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(network.lstm(packed)[0], batch_first=True)
    mask = frame_mask(steps, 7)
    ours = network._recur(sequence, mask)
    torch.testing.assert_close(ours[mask], expected[mask], atol=1e-5, rtol=1e-4)
    attended, _ = network.attention(expected, expected, expected, key_padding_mask=~mask)
    torch.testing.assert_close(network._attend(expected, mask)[mask], attended[mask], atol=1e-5, rtol=1e-4)
