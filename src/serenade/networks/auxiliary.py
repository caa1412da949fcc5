"""More questions to the same network while it learns; their answers are thrown away afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.networks.architectures.dialogue import Dialogue
from serenade.networks.architectures.ensemble import Committee
from serenade.networks.registry import Network
from serenade.networks.utterance_encoder import Encoder

UNKNOWN = -1
"""Target of an utterance to which a question has no answer."""


class Auxiliary(nn.Module):
    """A network with a linear layer beside its last one for each auxiliary question.

    What was said changes a spectrogram more than how it was said. A network that is also asked for the words
    can tell the two apart (multi-task learning; Caruana 1997, https://doi.org/10.1023/A:1007379606734). A
    question may also be for numbers, such as what a better network sees in the same utterance (hints; Romero
    et al. 2015, https://arxiv.org/abs/1412.6550). In a dialogue it is asked of each utterance by itself.

    Args:
        network: the one that is trained.
        answers: how many answers, or numbers, each question has.

    >>> from serenade.networks import create_network
    >>> import torch
    >>> network = create_network("compact", n_mels=64, n_classes=6)
    >>> asked = Auxiliary(network, {"sentence": 12})
    >>> logits, others = asked(features=torch.randn(2, 64, 50), lengths=torch.tensor([50, 7]))
    >>> logits.shape, others["sentence"].shape
    (torch.Size([2, 6]), torch.Size([2, 12]))
    """

    def __init__(self, network: Encoder | Dialogue, answers: Mapping[str, int]) -> None:
        super().__init__()
        self.network = network
        width = network.utterance.width if isinstance(network, Dialogue) else network.width
        self.heads = nn.ModuleDict({name: nn.Linear(width, n) for name, n in answers.items()})

    def forward(self, **inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits of the labels, and of each question [shape=(n, answers)]; for inputs see `Network`."""
        if isinstance(self.network, Dialogue):
            speakers = inputs.pop("speakers")
            vector = self.network.utterances(**inputs)
            logits = self.network.judge(vector, dialogues=inputs["dialogues"], speakers=speakers)
        else:
            vector = self.network.drop(self.network.encode(**inputs))
            logits = self.network.classify(vector)
        return logits, {name: head(vector) for name, head in self.heads.items()}


class AuxiliaryCommittee(nn.Module):
    """A committee of which every member is asked for itself, by last layers of its own.

    Args:
        members: each asked.

    >>> from serenade.networks import create_network
    >>> bags = [create_network("text_bag", vocabulary=9, n_classes=7) for _ in range(2)]
    >>> members = [Auxiliary(bag, {"speaker": 5}) for bag in bags]
    >>> texts = {"tokens": torch.tensor([[2, 3, 4]]), "token_lengths": torch.tensor([3])}
    >>> logits, others = AuxiliaryCommittee(members)(**texts)
    >>> logits.shape, others["speaker"].shape
    (torch.Size([1, 2, 7]), torch.Size([2, 5]))
    """

    def __init__(self, members: Sequence[Auxiliary]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.takes = [member.network.takes for member in members]

    def forward(self, **inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits of each member [shape=(n, members, classes)], of each question [shape=(members * n, k)]."""
        answers = [
            member(**{name: inputs[name] for name in takes})
            for member, takes in zip(self.members.children(), self.takes, strict=True)
        ]
        logits = torch.stack([told.log_softmax(-1) for told, _ in answers], dim=1)
        return logits, {name: torch.cat([others[name] for _, others in answers]) for name in answers[0][1]}


def asked_for_more(network: Network, answers: Mapping[str, int]) -> nn.Module:
    """A network, or each member of a committee, with its auxiliary questions.

    Args:
        network: the one that is trained.
        answers: how many answers each question has.

    Raises:
        RecipeError: it, or a member, has no vector to answer from.
    """
    if isinstance(network, Committee):
        return AuxiliaryCommittee([_asked(member, answers) for member in network.networks])
    return _asked(network, answers)


def _asked(network: Network, answers: Mapping[str, int]) -> Auxiliary:
    if not isinstance(network, Encoder | Dialogue):
        raise RecipeError(
            "this network gives no vector of an utterance, so it cannot be asked for more than the emotion; "
            "take 'compact' or 'dialogue', or leave data.auxiliary and data.hints away"
        )
    return Auxiliary(network, answers)


def auxiliary_loss(others: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
    """Mean over the questions of their cross-entropy, or squared error where numbers are asked for.

    Args:
        others: answers to each question [shape=(n, answers)], of a committee's members one after another.
        targets: by number [shape=(n,)], where `UNKNOWN` counts as zero; or the numbers [shape=(n, answers)].

    >>> import torch
    >>> float(auxiliary_loss({"sex": torch.zeros(2, 4)}, {"sex": torch.tensor([3, UNKNOWN])}))
    0.6931471824645996
    >>> float(auxiliary_loss({"hints": torch.zeros(2, 4)}, {"hints": torch.ones(2, 4)}))
    1.0
    """
    losses = []
    for name, answers in others.items():
        wanted = torch.cat([targets[name]] * (len(answers) // len(targets[name])))
        if wanted.is_floating_point():
            losses.append(F.mse_loss(answers.float(), wanted))
            continue
        total = F.cross_entropy(answers.float(), wanted, ignore_index=UNKNOWN, reduction="sum")
        losses.append(total / len(answers))
    return sum(losses[1:], losses[0]) / len(losses)
