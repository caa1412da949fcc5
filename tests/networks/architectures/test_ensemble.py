"""An ensemble: its logits are the mean of its members', each is trained as it would be alone."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from serenade.errors import RecipeError
from serenade.networks import create_network

VOCABULARY = 30
MEMBERS = [
    {"name": "dialogue", "options": {"utterance": "text_lstm", "utterance_options": {"bag": 8}}},
    {"name": "dialogue", "options": {"utterance": "text_lstm", "causal": True}},
    {"name": "text_lstm", "options": {"hidden": 8}},
]


@pytest.fixture
def ensemble() -> torch.nn.Module:
    torch.manual_seed(0)
    return create_network("ensemble", n_classes=7, vocabulary=VOCABULARY, members=MEMBERS).eval()


def conversation(*dialogues: int) -> dict[str, torch.Tensor]:
    n = sum(dialogues)
    lengths = torch.randint(1, 7, (n,))
    tokens = torch.randint(2, VOCABULARY, (n, 6)) * (torch.arange(6)[None] < lengths[:, None])
    speakers = torch.cat([torch.arange(size) % 3 for size in dialogues])
    return {
        "tokens": tokens,
        "token_lengths": lengths,
        "dialogues": torch.tensor(dialogues),
        "speakers": speakers,
    }


def test_it_takes_what_its_members_take(ensemble):
    assert ensemble.takes == {"tokens", "token_lengths", "dialogues", "speakers"}


def test_its_logits_are_the_mean_of_its_members(ensemble):
    batch = conversation(4, 2)
    each = [member(**{name: batch[name] for name in member.takes}) for member in ensemble.members]
    expected = torch.stack([logits.log_softmax(-1) for logits in each]).mean(0)
    torch.testing.assert_close(ensemble(**batch), expected)


def test_each_member_is_trained_as_it_would_be_alone():
    """The gradient of a member does not depend on the others."""
    gradients = []
    for other in (1.0, 50.0):
        torch.manual_seed(0)
        options = {"hidden": 8, "dropout": 0.0, "word_dropout": 0.0}
        members = [{"name": "text_lstm", "options": options}] * 2
        network = create_network("ensemble", n_classes=7, vocabulary=VOCABULARY, members=members)
        with torch.no_grad():
            network.members[1].classify.bias[3] = other
        batch = conversation(5)
        logits = network.train()(tokens=batch["tokens"], token_lengths=batch["token_lengths"])
        F.cross_entropy(logits.flatten(0, 1), torch.arange(10) // 2).backward()
        gradients.append(network.members[0].classify.weight.grad)
    assert gradients[0].abs().max() > 0
    torch.testing.assert_close(*gradients)


def test_through_onnx(ensemble, through_onnx):
    session = through_onnx(ensemble, **conversation(4, 2))
    for batch in (conversation(1), conversation(9), conversation(2, 1, 33)):
        torch.testing.assert_close(session(**batch), ensemble(**batch), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("members", [[], [{"name": "text_lstm"}], [{"name": "text_lstm"}, {"options": {}}]])
def test_an_ensemble_of_one_is_refused(members):
    with pytest.raises(RecipeError, match="at least two members"):
        create_network("ensemble", n_classes=7, vocabulary=VOCABULARY, members=members)


@pytest.mark.parametrize(("causal", "context"), [(True, "past"), (False, "all")])
def test_its_context_is_the_widest_of_its_members(causal, context):
    members = [
        {"name": "text_lstm"},
        {"name": "dialogue", "options": {"utterance": "text_lstm", "causal": causal}},
    ]
    assert create_network("ensemble", n_classes=3, vocabulary=9, members=members).context == context
