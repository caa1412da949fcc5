"""The original's CNN: its size to the unit, its fixed width, ONNX agrees."""

from __future__ import annotations

import pytest
import torch

from serenade.networks import create_network
from serenade.originals.networks.keras import keras_count


@pytest.fixture
def network(unsettled):
    torch.manual_seed(0)
    return unsettled(create_network("spectrogram_cnn", n_mels=128, n_classes=7))


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="2-D CNN (before 30e5d0e): `model.summary()`",
    verdict="equal",
    note="`spectrogram_cnn`: 4,618,119 parameters, 4,617,159 trainable.",
)
def test_it_has_as_many_parameters_as_keras_counts(network):
    count = keras_count(network)
    assert (count.total, count.trainable) == (4_618_119, 4_617_159)


def test_128_columns_are_looked_at_and_no_more(network):
    """Shorter ones are padded with zeros, as in X_audio_*.npy; what lies behind is cut."""
    short = torch.rand(2, 128, 94)
    padded = torch.nn.functional.pad(short, (0, 34))
    longer = torch.nn.functional.pad(padded, (0, 9), value=7.0)
    expected = network(padded, torch.tensor([128, 128]))
    assert torch.equal(network(short, torch.tensor([94, 94])), expected)
    assert torch.equal(network(longer, torch.tensor([137, 137])), expected)
    padded[..., 127] += 5
    assert (network(padded, torch.tensor([128, 128])) - expected).abs().max() > 1e-5


def test_through_onnx(network, through_onnx):
    session = through_onnx(network, features=torch.rand(2, 128, 90), lengths=torch.tensor([90, 30]))
    for frames, lengths in ((200, [200, 128, 1]), (5, [5]), (128, [128, 128])):
        batch = {
            "features": torch.rand(len(lengths), 128, frames),
            "lengths": torch.tensor(lengths),
        }
        torch.testing.assert_close(session(**batch), network(**batch), atol=1e-4, rtol=1e-4)
