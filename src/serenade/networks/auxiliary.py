"""Auxiliary targets: further outputs of a network in training, removed afterwards.

The sentence that was spoken changes a spectrogram more than the emotion does. A network that is also trained
to predict the sentence can separate the two (multi-task learning; Caruana 1997,
https://doi.org/10.1023/A:1007379606734). A target may also be numeric, such as the features of a better
network (feature distillation; Romero et al. 2015, https://arxiv.org/abs/1412.6550).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.networks.architectures.dialogue import Dialogue
from serenade.networks.architectures.ensemble import Ensemble
from serenade.networks.registry import Network
from serenade.networks.utterance import UtteranceNetwork

UNKNOWN = -1
"""Target of an utterance whose class is not known."""


class AuxiliaryHeads(nn.Module):
    """A network with one more linear layer on its embeddings for each auxiliary target.

    In a dialogue the targets are predicted from the embedding of each utterance alone.

    Args:
        network: the network to train.
        sizes: number of classes, or of values, of each target.

    >>> from serenade.networks import create_network
    >>> network = create_network("compact", n_mels=64, n_classes=6)
    >>> with_heads = AuxiliaryHeads(network, {"sentence": 12})
    >>> logits, outputs = with_heads(features=torch.randn(2, 64, 50), lengths=torch.tensor([50, 7]))
    >>> logits.shape, outputs["sentence"].shape
    (torch.Size([2, 6]), torch.Size([2, 12]))
    """

    def __init__(self, network: UtteranceNetwork | Dialogue, sizes: Mapping[str, int]) -> None:
        super().__init__()
        self.network = network
        width = network.utterance.width if isinstance(network, Dialogue) else network.width
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in sizes.items()})

    def forward(self, **inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits, and the output for each target [shape=(n, size)]; for inputs see `Network`."""
        if isinstance(self.network, Dialogue):
            speakers = inputs.pop("speakers")
            embeddings = self.network.embed_utterances(**inputs)
            logits = self.network.classify_utterances(
                embeddings, dialogues=inputs["dialogues"], speakers=speakers
            )
        else:
            embeddings = self.network.drop(self.network.embed(**inputs))
            logits = self.network.classify(embeddings)
        return logits, {name: head(embeddings) for name, head in self.heads.items()}


class EnsembleAuxiliaryHeads(nn.Module):
    """An ensemble in which every member has auxiliary targets of its own.

    Args:
        members: each with its heads.

    >>> from serenade.networks import create_network
    >>> networks = [create_network("text_lstm", vocabulary=9, n_classes=7, hidden=8) for _ in range(2)]
    >>> members = [AuxiliaryHeads(network, {"speaker": 5}) for network in networks]
    >>> texts = {"tokens": torch.tensor([[2, 3, 4]]), "token_lengths": torch.tensor([3])}
    >>> logits, outputs = EnsembleAuxiliaryHeads(members)(**texts)
    >>> logits.shape, outputs["speaker"].shape
    (torch.Size([1, 2, 7]), torch.Size([2, 5]))
    """

    def __init__(self, members: Sequence[AuxiliaryHeads]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.takes = [member.network.takes for member in members]

    def forward(self, **inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits of each member [shape=(n, members, classes)], outputs [shape=(members * n, size)]."""
        results = [
            member(**{name: inputs[name] for name in takes})
            for member, takes in zip(self.members.children(), self.takes, strict=True)
        ]
        logits = torch.stack([own.log_softmax(-1) for own, _ in results], dim=1)
        return logits, {name: torch.cat([outputs[name] for _, outputs in results]) for name in results[0][1]}


def add_auxiliary_heads(network: Network, sizes: Mapping[str, int]) -> nn.Module:
    """Add auxiliary targets to a network, or to each member of an ensemble.

    Args:
        network: the network to train.
        sizes: number of classes, or of values, of each target.

    Raises:
        RecipeError: it, or a member, has no embeddings.
    """
    if isinstance(network, Ensemble):
        return EnsembleAuxiliaryHeads([_with_heads(member, sizes) for member in network.networks])
    return _with_heads(network, sizes)


def _with_heads(network: Network, sizes: Mapping[str, int]) -> AuxiliaryHeads:
    if not isinstance(network, UtteranceNetwork | Dialogue):
        raise RecipeError(
            "this network has no embedding of an utterance, so it cannot predict auxiliary targets; use "
            "'compact' or 'dialogue', or remove data.auxiliary_targets and data.distill_features"
        )
    return AuxiliaryHeads(network, sizes)


def auxiliary_loss(outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
    """Mean loss over the targets: cross-entropy, or squared error for numeric targets.

    Args:
        outputs: of each target [shape=(n, size)]; of an ensemble, its members one after another.
        targets: class numbers [shape=(n,)], where `UNKNOWN` has a loss of zero; or values [shape=(n, size)].

    >>> import torch
    >>> float(auxiliary_loss({"sex": torch.zeros(2, 4)}, {"sex": torch.tensor([3, UNKNOWN])}))
    0.6931471824645996
    >>> float(auxiliary_loss({"features": torch.zeros(2, 4)}, {"features": torch.ones(2, 4)}))
    1.0
    """
    losses = []
    for name, output in outputs.items():
        target = torch.cat([targets[name]] * (len(output) // len(targets[name])))
        if target.is_floating_point():
            losses.append(F.mse_loss(output.float(), target))
            continue
        total = F.cross_entropy(output.float(), target, ignore_index=UNKNOWN, reduction="sum")
        losses.append(total / len(output))
    return sum(losses[1:], losses[0]) / len(losses)
