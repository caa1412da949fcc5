"""A fine-tuned encoder: a batch equals one at a time, "past" ignores the future, lower layers are frozen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from serenade.errors import RecipeError
from serenade.networks import create_network
from serenade.networks.registry import Network

pytest.importorskip("transformers")


@pytest.fixture
def make(made_encoder: Path):
    """`make(**options)`: three layers, the last of which is fine-tuned."""

    def create(*, trained: int = 1, **options) -> Network:
        torch.manual_seed(0)
        pretrained = {"encoder": str(made_encoder), "layers": 3, "trained": trained}
        return create_network("text_encoder", n_classes=7, pretrained=pretrained, **options).eval()

    return create


def conversation(*dialogues: int) -> dict[str, torch.Tensor]:
    """Whole dialogues of so many utterances, with random padding."""
    n = sum(dialogues)
    return {
        "tokens": torch.randint(1, 12, (n, 9)),
        "token_lengths": torch.randint(2, 9, (n,)),
        "dialogues": torch.tensor(dialogues),
    }


def alone(batch: dict[str, torch.Tensor], counts: list[int], number: int) -> dict[str, torch.Tensor]:
    """The texts of one group of a batch, without its padding."""
    tokens, lengths = (batch[name].split(counts)[number] for name in ("tokens", "token_lengths"))
    return {"tokens": tokens[:, : lengths.max()], "token_lengths": lengths}


@pytest.mark.parametrize("context", ["past", "all"])
def test_a_batch_equals_one_dialogue_at_a_time(make, context: str) -> None:
    network, counts = make(context=context), [3, 1, 7]
    batch = conversation(*counts)
    expected = [
        network(**alone(batch, counts, number), dialogues=torch.tensor([count]))
        for number, count in enumerate(counts)
    ]
    torch.testing.assert_close(network(**batch), torch.cat(expected), atol=1e-5, rtol=1e-4)


def test_without_context_each_text_is_encoded_alone(make) -> None:
    network, batch = make(), conversation(6)
    del batch["dialogues"]
    expected = torch.cat([network(**alone(batch, [1] * 6, row)) for row in range(6)])
    torch.testing.assert_close(network(**batch), expected, atol=1e-5, rtol=1e-4)
    assert network.takes == {"tokens", "token_lengths"}


@pytest.mark.parametrize("context", ["past", "all"])
def test_the_future_has_an_influence_with_all_only(make, context: str) -> None:
    network, batch = make(context=context), conversation(6, 4)
    changed = batch | {"tokens": batch["tokens"].clone()}
    changed["tokens"][3, :2] = changed["tokens"][3, :2] % 11 + 1
    moved = (network(**changed) - network(**batch)).abs().amax(1)
    assert (moved[3:6] > 1e-5).all()
    assert not moved[6:].any()
    assert moved[:3].any() == (context == "all")


def test_a_dialogue_longer_than_the_window_is_divided(make, monkeypatch) -> None:
    network, batch = make(context="all"), conversation(2, 2)
    batch["token_lengths"][:] = 8
    monkeypatch.setattr("serenade.networks.architectures.text_encoder.WINDOW_TOKENS", 8)
    apart = network(**batch | {"dialogues": torch.tensor([1, 1, 1, 1])})
    torch.testing.assert_close(network(**batch), apart, atol=1e-5, rtol=1e-4)


def test_only_the_trainable_layers_are_trained(make) -> None:
    network = make(trained=2).train()
    network(
        **{name: value for name, value in conversation(5).items() if name != "dialogues"}
    ).sum().backward()
    moved = {
        name.removesuffix(".weight") for name, weight in network.named_parameters() if weight.grad is not None
    }
    assert {name.split(".")[3] for name in moved if name.startswith("encoder.encoder.layer")} == {"1", "2"}
    assert "encoder.embeddings.word_embeddings" not in moved
    assert "classify" in moved
    layers = network.encoder.encoder.layer
    assert [layer.training for layer in layers] == [False, True, True]
    assert {id(w) for w in network.pretrained_weights()} == {
        id(w) for x in layers[1:] for w in x.parameters()
    }


@pytest.mark.parametrize(("context", "whole"), [("none", "past"), ("past", "past"), ("all", "all")])
def test_it_can_be_the_utterance_network_of_a_dialogue(made_encoder: Path, context: str, whole: str) -> None:
    torch.manual_seed(0)
    network = create_network(
        "dialogue",
        n_classes=7,
        utterance="text_encoder",
        utterance_options={"context": context},
        pretrained={"encoder": str(made_encoder), "layers": 2, "trained": 1},
        causal=True,
    ).eval()
    assert not network.exports
    assert network.context == whole
    assert len(network.pretrained_weights()) == len(network.utterance.pretrained_weights()) > 0
    batch = conversation(5, 2) | {"speakers": torch.tensor([0, 1, 0, 0, 1, 0, 1])}
    changed = batch | {"tokens": batch["tokens"].clone()}
    changed["tokens"][3, :2] = changed["tokens"][3, :2] % 11 + 1
    moved = (network(**changed) - network(**batch)).abs().amax(1)
    assert moved[:3].any() == (whole == "all"), "only context=all depends on the future"
    assert not moved[5:].any()


def test_impossible_options(make) -> None:
    with pytest.raises(RecipeError, match="trainable_layers is 4, and 3 layers of the encoder are used"):
        make(trained=4)
    with pytest.raises(RecipeError, match="none, past, all"):
        make(context="future")
    with pytest.raises(RecipeError, match="needs pretrained"):
        create_network("text_encoder", n_classes=7)
