"""Dialogues: a batch equals one at a time, a causal network ignores the future."""

from __future__ import annotations

import pytest
import torch

from serenade.errors import RecipeError
from serenade.networks import create_network

WIDTH, VOCABULARY = 24, 30


@pytest.fixture(params=["causal", "bidirectional"])
def network(request):
    torch.manual_seed(0)
    return create_network(
        "dialogue", n_classes=7, text_width=WIDTH, utterance="text_head", causal=request.param == "causal"
    ).eval()


def conversation(*dialogues: int) -> dict[str, torch.Tensor]:
    """Whole dialogues of so many utterances, three speakers in each."""
    speakers = [torch.tensor([0, 1, 0, 2, 1] * 8)[:n] for n in dialogues]
    return {
        "text_vectors": torch.randn(sum(dialogues), WIDTH),
        "dialogues": torch.tensor(dialogues),
        "speakers": torch.cat(speakers),
    }


def alone(batch: dict[str, torch.Tensor], number: int) -> dict[str, torch.Tensor]:
    """One dialogue of a batch."""
    parts = {
        name: batch[name].split(batch["dialogues"].tolist())[number] for name in ("text_vectors", "speakers")
    }
    return parts | {"dialogues": batch["dialogues"][number : number + 1]}


def test_a_batch_equals_one_dialogue_at_a_time(network):
    batch = conversation(3, 1, 33, 7)
    expected = torch.cat([network(**alone(batch, number)) for number in range(4)])
    torch.testing.assert_close(network(**batch), expected, atol=1e-6, rtol=1e-5)


def test_the_future_has_an_influence_unless_causal(network):
    batch = conversation(6, 4)
    before = network(**batch)
    changed = {name: tensor.clone() for name, tensor in batch.items()}
    changed["text_vectors"][3:6] = 100 * torch.randn(3, WIDTH)
    changed["speakers"][3:6] = torch.tensor([3, 4, 5])
    moved = (network(**changed) - before).abs().amax(1)
    assert (moved[3:6] > 1e-4).all()
    assert not moved[6:].any()
    assert moved[:3].any() != network.causal
    if network.causal:
        # The first three alone have the same logits.
        first = {"dialogues": torch.tensor([3])} | {
            name: batch[name][:3] for name in ("text_vectors", "speakers")
        }
        torch.testing.assert_close(network(**first), before[:3], atol=1e-6, rtol=1e-5)


def test_the_past_has_an_influence(network):
    batch = conversation(5)
    changed = batch | {"text_vectors": batch["text_vectors"].clone()}
    changed["text_vectors"][0] *= -1
    assert ((network(**changed) - network(**batch)).abs().amax(1) > 1e-5).all()


def test_speakers_have_an_influence(network):
    batch = conversation(5)
    other = batch | {"speakers": torch.tensor([0, 0, 1, 0, 1])}
    assert (network(**batch) - network(**other)).abs().max() > 1e-4


def test_more_speakers_than_embeddings(network):
    batch = conversation(30) | {"speakers": torch.arange(30)}
    assert network(**batch).isfinite().all()


@pytest.mark.parametrize(
    ("utterance", "inputs"),
    [
        (
            "text_lstm",
            {"tokens": torch.randint(2, VOCABULARY, (4, 6)), "token_lengths": torch.tensor([6, 1, 3, 2])},
        ),
        ("compact", {"features": torch.randn(4, 64, 20), "lengths": torch.tensor([20, 9, 1, 4])}),
    ],
)
def test_utterances_of_other_kinds(utterance, inputs):
    network = create_network("dialogue", n_classes=7, n_mels=64, vocabulary=VOCABULARY, utterance=utterance)
    assert network.takes == set(inputs) | {"dialogues", "speakers"}
    logits = network(**inputs, dialogues=torch.tensor([3, 1]), speakers=torch.tensor([0, 1, 0, 0]))
    logits.sum().backward()
    assert all(weights.grad is not None for weights in network.parameters())


def test_a_network_without_embeddings_is_refused():
    with pytest.raises(
        RecipeError, match=r"'cnn_lstm' has no embedding.* use one of audio_cnn.original, compact, encoder"
    ):
        create_network("dialogue", n_classes=7, n_mels=64, utterance="cnn_lstm")


def test_through_onnx(network, through_onnx):
    session = through_onnx(network, **conversation(4, 2))
    for batch in (conversation(1), conversation(9), conversation(2, 1, 33)):
        torch.testing.assert_close(session(**batch), network(**batch), atol=1e-5, rtol=1e-4)
