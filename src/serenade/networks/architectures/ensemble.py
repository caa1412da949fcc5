"""Several networks that are trained side by side and averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.networks.registry import Network, create_network, register_network
from serenade.networks.utterance import given_sizes
from serenade.spec import CONTEXTS


@register_network("ensemble", example={"members": [{"name": "compact"}, {"name": "compact"}]})
class Ensemble(Network):
    """An ensemble: the mean of the log-probabilities of its members (Hansen and Salamon 1990).

    In training the loss is computed for each member alone, so that their errors stay independent: the mean of
    members that are wrong about different clips is more often right than the best of them.

    Args:
        n_classes: number of labels.
        n_mels: mel bands, for members of sound.
        vocabulary: number of tokens, for members of tokens.
        text_width: features of a text vector, for members of text vectors.
        pretrained: encoder, for members that fine-tune one; see `text_encoder`.
        members: for each its `name`, and its `options` if it has any.

    Raises:
        RecipeError: fewer than two members, or one without a name.

    >>> members = [{"name": "text_lstm"}, {"name": "text_lstm", "options": {"hidden": 16}}]
    >>> network = Ensemble(n_classes=7, vocabulary=50, members=members)
    >>> texts = {"tokens": torch.tensor([[2, 3, 4], [5, 0, 0]]), "token_lengths": torch.tensor([3, 1])}
    >>> network.train()(**texts).shape, network.eval()(**texts).shape
    (torch.Size([2, 2, 7]), torch.Size([2, 7]))
    """

    def __init__(
        self,
        *,
        n_classes: int,
        n_mels: int | None = None,
        vocabulary: int | None = None,
        text_width: int | None = None,
        pretrained: Mapping[str, Any] | None = None,
        members: Sequence[Mapping[str, Any]],
    ) -> None:
        super().__init__()
        if len(members) < 2 or any("name" not in member for member in members):
            raise RecipeError("an ensemble needs at least two members, each with a name")
        sizes = given_sizes(
            n_mels=n_mels, vocabulary=vocabulary, text_width=text_width, pretrained=pretrained
        )
        networks = [
            create_network(member["name"], n_classes=n_classes, **sizes, **member.get("options", {}))
            for member in members
        ]
        self.takes = frozenset().union(*(network.takes for network in networks))
        self.context = max((network.context for network in networks), key=CONTEXTS.index)
        self.exports = all(network.exports for network in networks)
        self.members = nn.ModuleList(networks)

    def forward(self, **inputs: Tensor) -> Tensor:
        """Logits [shape=(n, classes)]; in training those of each member [shape=(n, members, classes)]."""
        logits = [
            member(**{name: inputs[name] for name in member.takes}).log_softmax(-1)
            for member in self.networks
        ]
        stacked = torch.stack(logits, dim=1)
        return stacked if self.training else stacked.mean(1)

    @property
    def has_attention(self) -> bool:
        """Whether all members are of one class that has it, so that they have the same steps of time."""
        return len(set(map(type, self.networks))) == 1 and self.networks[0].has_attention

    def attention_over_time(self, **inputs: Tensor) -> Tensor:
        """The mean of the members [shape=(n, steps)]."""
        return torch.stack([member.attention_over_time(**inputs) for member in self.networks]).mean(0)

    def muon_weights(self) -> list[nn.Parameter]:
        """Those of all members."""
        return [weight for member in self.networks for weight in member.muon_weights()]

    def pretrained_weights(self) -> list[nn.Parameter]:
        """Those of all members."""
        return [weight for member in self.networks for weight in member.pretrained_weights()]

    @property
    def networks(self) -> list[Network]:
        """The members, in order."""
        return [member for member in self.members if isinstance(member, Network)]
