from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from serenade.errors import RecipeError
from serenade.networks import create_network
from serenade.networks.auxiliary import UNKNOWN, AuxiliaryHeads, add_auxiliary_heads, auxiliary_loss


def test_the_logits_of_the_labels_are_unchanged() -> None:
    torch.manual_seed(0)
    network = create_network("compact", n_mels=16, n_classes=3, stem=16, widths=[16, 16, 16]).eval()
    heads = AuxiliaryHeads(network, {"sentence": 12, "speaker": 5}).eval()
    features, lengths = torch.randn(4, 16, 30), torch.tensor([30, 4, 17, 1])
    logits, outputs = heads(features=features, lengths=lengths)
    assert torch.equal(logits, network(features, lengths))
    assert {name: tuple(output.shape) for name, output in outputs.items()} == {
        "sentence": (4, 12),
        "speaker": (4, 5),
    }


def test_every_member_of_an_ensemble_has_its_own_heads() -> None:
    torch.manual_seed(0)
    options = {"stem": 16, "widths": [16, 16, 16], "projection": 16}
    members = [{"name": "compact", "options": options | {"temporal": blocks}} for blocks in (0, 2)]
    network = create_network("ensemble", n_mels=16, n_classes=3, members=members).train()
    heads = add_auxiliary_heads(network, {"speaker": 5}).eval()
    inputs = {"features": torch.randn(4, 16, 30), "lengths": torch.tensor([30, 4, 17, 1])}
    logits, outputs = heads(**inputs)
    assert outputs["speaker"].shape == (8, 5)
    each = torch.stack([member(**inputs).log_softmax(-1) for member in network.members], dim=1)
    assert torch.equal(logits, each)
    # One member after another, each with all rows.
    targets = {"speaker": torch.tensor([0, UNKNOWN, 4, 1])}
    halves = [auxiliary_loss({"speaker": half}, targets) for half in outputs["speaker"].split(4)]
    torch.testing.assert_close(auxiliary_loss(outputs, targets), sum(halves) / 2)


def test_a_member_without_embeddings_is_refused() -> None:
    inner = [{"name": "text_lstm"}, {"name": "text_lstm"}]
    members = [{"name": "text_lstm"}, {"name": "ensemble", "options": {"members": inner}}]
    network = create_network("ensemble", vocabulary=9, n_classes=3, members=members)
    with pytest.raises(RecipeError, match="has no embedding of an utterance"):
        add_auxiliary_heads(network, {"speaker": 5})


def test_in_a_dialogue_targets_depend_on_one_utterance() -> None:
    torch.manual_seed(0)
    network = create_network("dialogue", vocabulary=9, n_classes=3, utterance="text_lstm").eval()
    heads = add_auxiliary_heads(network, {"features": 4}).eval()
    inputs = {
        "tokens": torch.randint(2, 9, (5, 3)),
        "token_lengths": torch.tensor([3, 1, 2, 3, 2]),
        "dialogues": torch.tensor([3, 2]),
        "speakers": torch.tensor([0, 1, 0, 0, 1]),
    }
    logits, outputs = heads(**inputs)
    assert torch.equal(logits, network(**inputs))
    assert outputs["features"].shape == (5, 4)
    changed = inputs | {"tokens": inputs["tokens"].clone()}
    changed["tokens"][1, 0] = 10 - changed["tokens"][1, 0]
    moved = (heads(**changed)[1]["features"] - outputs["features"]).abs().amax(1) > 0
    assert moved.tolist() == [False, True, False, False, False]


def test_numeric_targets_have_a_squared_error() -> None:
    output, target = torch.randn(6, 4), torch.randn(3, 4)
    each = [F.mse_loss(part, target) for part in output.split(3)]
    torch.testing.assert_close(
        auxiliary_loss({"features": output}, {"features": target}), (each[0] + each[1]) / 2
    )


def test_an_unknown_class_has_no_gradient() -> None:
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    targets = torch.tensor([2, UNKNOWN, 0, UNKNOWN])
    auxiliary_loss({"sex": logits}, {"sex": targets}).backward()
    assert logits.grad is not None
    assert not logits.grad[[1, 3]].any()
    assert logits.grad[[0, 2]].abs().min() > 0
    assert float(auxiliary_loss({"sex": logits.detach()}, {"sex": torch.full((4,), UNKNOWN)})) == 0


def test_targets_have_equal_weights() -> None:
    logits = {name: torch.randn(6, n) for name, n in (("a", 2), ("b", 9))}
    targets = {name: torch.zeros(6, dtype=torch.int64) for name in logits}
    each = [float(F.cross_entropy(logits[name], targets[name])) for name in logits]
    assert float(auxiliary_loss(logits, targets)) == pytest.approx(sum(each) / 2, rel=1e-6)
