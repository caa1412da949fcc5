from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from serenade.errors import RecipeError
from serenade.networks import create_network
from serenade.networks.auxiliary import UNKNOWN, Auxiliary, asked_for_more, auxiliary_loss


def test_the_emotions_logits_are_the_networks_own() -> None:
    torch.manual_seed(0)
    network = create_network("compact", n_mels=16, n_classes=3, stem=16, widths=[16, 16, 16]).eval()
    asked = Auxiliary(network, {"sentence": 12, "speaker": 5}).eval()
    features, lengths = torch.randn(4, 16, 30), torch.tensor([30, 4, 17, 1])
    logits, others = asked(features=features, lengths=lengths)
    assert torch.equal(logits, network(features, lengths))
    assert {name: tuple(answer.shape) for name, answer in others.items()} == {
        "sentence": (4, 12),
        "speaker": (4, 5),
    }


def test_every_member_of_a_committee_is_asked_for_itself() -> None:
    torch.manual_seed(0)
    options = {"stem": 16, "widths": [16, 16, 16], "projection": 16}
    members = [{"name": "compact", "options": options | {"temporal": blocks}} for blocks in (0, 2)]
    network = create_network("committee", n_mels=16, n_classes=3, members=members).train()
    asked = asked_for_more(network, {"speaker": 5}).eval()
    inputs = {"features": torch.randn(4, 16, 30), "lengths": torch.tensor([30, 4, 17, 1])}
    logits, others = asked(**inputs)
    assert others["speaker"].shape == (8, 5)
    each = torch.stack([member(**inputs).log_softmax(-1) for member in network.members], dim=1)
    assert torch.equal(logits, each)
    # The order of the answers is that of the members, each with all rows.
    targets = {"speaker": torch.tensor([0, UNKNOWN, 4, 1])}
    halves = [auxiliary_loss({"speaker": half}, targets) for half in others["speaker"].split(4)]
    torch.testing.assert_close(auxiliary_loss(others, targets), sum(halves) / 2)


def test_a_member_that_cannot_be_asked() -> None:
    bags = [{"name": "text_bag"}, {"name": "text_bag"}]
    members = [{"name": "text_bag"}, {"name": "committee", "options": {"members": bags}}]
    network = create_network("committee", vocabulary=9, n_classes=3, members=members)
    with pytest.raises(RecipeError, match="cannot be asked for more than the emotion"):
        asked_for_more(network, {"speaker": 5})


def test_in_a_dialogue_each_utterance_is_asked_by_itself() -> None:
    torch.manual_seed(0)
    network = create_network("dialogue", vocabulary=9, n_classes=3, utterance="text_bag").eval()
    asked = asked_for_more(network, {"hints": 4}).eval()
    said = {
        "tokens": torch.randint(2, 9, (5, 3)),
        "token_lengths": torch.tensor([3, 1, 2, 3, 2]),
        "dialogues": torch.tensor([3, 2]),
        "speakers": torch.tensor([0, 1, 0, 0, 1]),
    }
    logits, others = asked(**said)
    assert torch.equal(logits, network(**said))
    assert others["hints"].shape == (5, 4)
    changed = said | {"tokens": said["tokens"].clone()}
    changed["tokens"][1, 0] = 10 - changed["tokens"][1, 0]
    moved = (asked(**changed)[1]["hints"] - others["hints"]).abs().amax(1) > 0
    assert moved.tolist() == [False, True, False, False, False]


def test_numbers_are_held_against_numbers() -> None:
    answers, wanted = torch.randn(6, 4), torch.randn(3, 4)
    each = [F.mse_loss(part, wanted) for part in answers.split(3)]
    torch.testing.assert_close(auxiliary_loss({"hints": answers}, {"hints": wanted}), (each[0] + each[1]) / 2)


def test_what_is_not_known_teaches_nothing() -> None:
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    targets = torch.tensor([2, UNKNOWN, 0, UNKNOWN])
    auxiliary_loss({"sex": logits}, {"sex": targets}).backward()
    assert logits.grad is not None
    assert not logits.grad[[1, 3]].any()
    assert logits.grad[[0, 2]].abs().min() > 0
    assert float(auxiliary_loss({"sex": logits.detach()}, {"sex": torch.full((4,), UNKNOWN)})) == 0


def test_questions_count_alike() -> None:
    logits = {name: torch.randn(6, n) for name, n in (("a", 2), ("b", 9))}
    targets = {name: torch.zeros(6, dtype=torch.int64) for name in logits}
    each = [float(F.cross_entropy(logits[name], targets[name])) for name in logits]
    assert float(auxiliary_loss(logits, targets)) == pytest.approx(sum(each) / 2, rel=1e-6)
