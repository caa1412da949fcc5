"""A committee: its answer is its members' mean, each learns as it would alone, ONNX agrees."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from serenade.errors import RecipeError
from serenade.networks import create_network

WORDS = 30
MEMBERS = [
    {"name": "dialogue", "options": {"utterance": "text_lstm", "utterance_options": {"bag": 8}}},
    {"name": "dialogue", "options": {"utterance": "text_bag", "causal": True}},
    {"name": "text_bag", "options": {"features": 8}},
]


@pytest.fixture
def committee() -> torch.nn.Module:
    torch.manual_seed(0)
    return create_network("committee", n_classes=7, vocabulary=WORDS, members=MEMBERS).eval()


def conversation(*dialogues: int) -> dict[str, torch.Tensor]:
    n = sum(dialogues)
    lengths = torch.randint(1, 7, (n,))
    tokens = torch.randint(2, WORDS, (n, 6)) * (torch.arange(6)[None] < lengths[:, None])
    speakers = torch.cat([torch.arange(size) % 3 for size in dialogues])
    return {
        "tokens": tokens,
        "token_lengths": lengths,
        "dialogues": torch.tensor(dialogues),
        "speakers": speakers,
    }


def test_it_takes_what_its_members_take(committee):
    assert committee.takes == {"tokens", "token_lengths", "dialogues", "speakers"}


def test_its_answer_is_the_mean_of_its_members(committee):
    batch = conversation(4, 2)
    each = [member(**{name: batch[name] for name in member.takes}) for member in committee.members]
    expected = torch.stack([logits.log_softmax(-1) for logits in each]).mean(0)
    torch.testing.assert_close(committee(**batch), expected)


def test_each_member_learns_as_it_would_alone():
    """No member's gradient depends on what another one says."""
    gradients = []
    for other in (1.0, 50.0):
        torch.manual_seed(0)
        options = {"features": 8, "dropout": 0.0, "word_dropout": 0.0}
        members = [{"name": "text_bag", "options": options}] * 2
        network = create_network("committee", n_classes=7, vocabulary=WORDS, members=members)
        with torch.no_grad():
            network.members[1].classify.bias[3] = other
        batch = conversation(5)
        logits = network.train()(tokens=batch["tokens"], token_lengths=batch["token_lengths"])
        F.cross_entropy(logits.flatten(0, 1), torch.arange(10) // 2).backward()
        gradients.append(network.members[0].classify.weight.grad)
    assert gradients[0].abs().max() > 0
    torch.testing.assert_close(*gradients)


def test_through_onnx(committee, through_onnx):
    session = through_onnx(committee, **conversation(4, 2))
    for batch in (conversation(1), conversation(9), conversation(2, 1, 33)):
        torch.testing.assert_close(session(**batch), committee(**batch), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("members", [[], [{"name": "text_bag"}], [{"name": "text_bag"}, {"options": {}}]])
def test_a_committee_of_one_is_refused(members):
    with pytest.raises(RecipeError, match="at least two members"):
        create_network("committee", n_classes=7, vocabulary=WORDS, members=members)


@pytest.mark.parametrize(("causal", "context"), [(True, "past"), (False, "all")])
def test_it_knows_as_much_as_its_best_informed_member(causal, context):
    members = [
        {"name": "text_bag"},
        {"name": "dialogue", "options": {"utterance": "text_bag", "causal": causal}},
    ]
    assert create_network("committee", n_classes=3, vocabulary=9, members=members).context == context
