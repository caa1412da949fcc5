"""Networks of text: every token has an influence, word dropout is for training, the original's size."""

from __future__ import annotations

import pytest
import torch

from serenade.networks import create_network
from serenade.networks.layers.masking import frame_mask
from serenade.originals.networks.keras import keras_count

VOCABULARY = 40


def texts(*lengths: int) -> dict[str, torch.Tensor]:
    """Texts of random tokens, padded with zeros."""
    tokens = torch.randint(2, VOCABULARY, (len(lengths), max(lengths)))
    inside = frame_mask(torch.tensor(lengths), max(lengths))
    return {"tokens": tokens * inside, "token_lengths": torch.tensor(lengths)}


@pytest.fixture(params=[0, 8], ids=["LSTM", "LSTM and bag"])
def network(request) -> torch.nn.Module:
    torch.manual_seed(0)
    return create_network("text_lstm", vocabulary=VOCABULARY, n_classes=7, bag=request.param).eval()


@pytest.mark.parametrize("place", [0, 3, 5])
def test_every_token_has_an_influence(network, place):
    batch = texts(6)
    changed = batch["tokens"].clone()
    changed[0, place] = changed[0, place] % (VOCABULARY - 3) + 3
    assert (network(**batch) - network(changed, batch["token_lengths"])).abs().max() > 1e-5


def test_word_dropout_is_for_training_alone(network):
    batch = texts(6, 3)
    assert torch.equal(network(**batch), network(**batch))
    assert not torch.equal(network.train()(**batch), network(**batch))
    without = create_network("text_lstm", vocabulary=VOCABULARY, n_classes=7, dropout=0.0, word_dropout=0.0)
    assert torch.equal(without.train()(**batch), without(**batch))


def test_a_bag_is_exported(network, through_onnx):
    session = through_onnx(network, **texts(6, 3))
    for batch in (texts(1), texts(4), texts(2, 11, 5)):
        torch.testing.assert_close(session(**batch), network(**batch), atol=1e-5, rtol=1e-4)


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="text network: `model.summary()`",
    verdict="equal",
    note="`text_lstm.original`: 429,895 parameters, 429,511 trainable.",
)
def test_the_original_has_as_many_parameters_as_keras_counts():
    network = create_network("text_lstm.original", text_width=600, n_classes=7)
    count = keras_count(network)
    assert (count.total, count.trainable) == (429_895, 429_511)
