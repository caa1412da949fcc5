"""Networks of text: padding is not read, every word counts, the original's size to the unit, ONNX agrees."""

from __future__ import annotations

import pytest
import torch

from serenade.errors import RecipeError
from serenade.networks import create_network
from serenade.networks.architectures.text_bag import Bag
from serenade.networks.layers.masking import frame_mask
from serenade.networks.layers.recurrent import BothWays, Lstm
from serenade.originals.networks.keras import keras_count

WORDS = 40


def texts(*lengths: int) -> dict[str, torch.Tensor]:
    """Texts of made words, padded with zeros."""
    tokens = torch.randint(2, WORDS, (len(lengths), max(lengths)))
    inside = frame_mask(torch.tensor(lengths), max(lengths))
    return {"tokens": tokens * inside, "token_lengths": torch.tensor(lengths)}


@pytest.fixture(params=[0, 8], ids=["LSTM", "LSTM and bag"])
def words(request) -> torch.nn.Module:
    torch.manual_seed(0)
    return create_network("text_lstm", vocabulary=WORDS, n_classes=7, bag=request.param).eval()


def test_padding_never_changes_a_logit(words):
    """Alone, and in a batch with rubbish behind its end: the same logits."""
    batch = texts(9, 1, 4)
    alone = [
        words(row[None, :n], n[None]) for row, n in zip(batch["tokens"], batch["token_lengths"], strict=True)
    ]
    inside = frame_mask(batch["token_lengths"], 12)
    rubbish = torch.randint(2, WORDS, (3, 12))
    rubbish[inside] = batch["tokens"][frame_mask(batch["token_lengths"], 9)]
    torch.testing.assert_close(words(rubbish, batch["token_lengths"]), torch.cat(alone), atol=1e-6, rtol=1e-5)


def test_a_bag_knows_pairs_and_no_other_order():
    """Turned round, the same words in other pairs; with the same pairs in another order, the same."""
    torch.manual_seed(0)
    bag = Bag(WORDS, 4)
    texts = torch.tensor([[2, 3, 2, 4, 2], [2, 4, 2, 3, 2], [4, 2, 2, 3, 2]])
    same_pairs, others = bag(texts, torch.tensor([5, 5, 5])).sub(bag(texts[:1], torch.tensor([5])))[1:]
    assert same_pairs.abs().max() < 1e-6
    assert others[:4].abs().max() < 1e-6
    assert others[4:].abs().max() > 1e-3


@pytest.mark.parametrize("place", [0, 3, 5])
def test_every_word_counts(words, place):
    batch = texts(6)
    changed = batch["tokens"].clone()
    changed[0, place] = changed[0, place] % (WORDS - 3) + 3
    assert (words(**batch) - words(changed, batch["token_lengths"])).abs().max() > 1e-5


def test_word_dropout_is_for_training_alone(words):
    batch = texts(6, 3)
    assert torch.equal(words(**batch), words(**batch))
    assert not torch.equal(words.train()(**batch), words(**batch))
    without = create_network("text_lstm", vocabulary=WORDS, n_classes=7, dropout=0.0, word_dropout=0.0)
    assert torch.equal(without.train()(**batch), without(**batch))


def test_one_bias_a_gate_equals_torch():
    """The same as nn.LSTM on packed sequences, whose second bias is zero."""
    torch.manual_seed(1)
    ours, theirs = BothWays(5, 4), torch.nn.LSTM(5, 4, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for suffix, part in (("l0", ours.ahead), ("l0_reverse", ours.back)):
            part.bias.normal_()
            getattr(theirs, f"weight_ih_{suffix}").copy_(part.weight_input)
            getattr(theirs, f"weight_hh_{suffix}").copy_(part.weight_hidden)
            getattr(theirs, f"bias_ih_{suffix}").copy_(part.bias)
            getattr(theirs, f"bias_hh_{suffix}").zero_()
    steps, lengths = torch.randn(3, 7, 5), torch.tensor([7, 2, 5])
    packed = torch.nn.utils.rnn.pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True)
    inside = frame_mask(lengths, 7)
    torch.testing.assert_close(ours(steps, inside)[inside], expected[inside], atol=1e-6, rtol=1e-5)


def test_forget_gates_start_open():
    assert Lstm(3, 2).bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_the_original_has_as_many_parameters_as_keras_counts():
    network = create_network("text_lstm.original", text_width=600, n_classes=7)
    count = keras_count(network)
    assert (count.total, count.trainable) == (429_895, 429_511)
    network(torch.randn(4, 600)).sum().backward()
    assert all(weights.grad is not None for weights in network.parameters())


@pytest.mark.parametrize("name", ["text_head", "text_lstm.original"])
def test_networks_of_vectors_judge_each_alone(name, unsettled):
    torch.manual_seed(0)
    network = unsettled(create_network(name, text_width=32, n_classes=7))
    vectors = torch.randn(5, 32)
    alone = torch.cat([network(row[None]) for row in vectors])
    torch.testing.assert_close(network(vectors), alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["text_head", "text_lstm.original"])
def test_vectors_through_onnx(name, unsettled, through_onnx):
    network = unsettled(create_network(name, text_width=32, n_classes=7))
    session = through_onnx(network, text_vectors=torch.randn(2, 32))
    for n in (1, 5):
        vectors = torch.randn(n, 32)
        torch.testing.assert_close(session(text_vectors=vectors), network(vectors), atol=1e-5, rtol=1e-4)


def test_words_through_onnx(words, through_onnx):
    session = through_onnx(words, **texts(6, 3))
    for batch in (texts(1), texts(4), texts(2, 11, 5)):
        torch.testing.assert_close(session(**batch), words(**batch), atol=1e-5, rtol=1e-4)


def test_a_size_that_the_data_lack_is_named():
    with pytest.raises(RecipeError, match="needs vocabulary"):
        create_network("text_lstm", n_mels=128, n_classes=7)
