"""Several networks that learn side by side and answer together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.networks.registry import CONTEXTS, Network, create_network, register_network
from serenade.networks.utterance_encoder import sizes_of


@register_network("committee")
class Committee(Network):
    """Members whose log-probabilities are averaged (Hansen and Salamon 1990), alike or of different kinds.

    While it learns, each member answers for itself, so that their errors stay their own: networks that are
    wrong about different rows are right together more often than the best of them alone.

    Args:
        n_classes: number of labels.
        n_mels: mel bands, for members of sound.
        vocabulary: number of tokens, for members of words.
        text_width: features of a text's vector, for members of vectors.
        pretrained: encoder, for members that are made of it; see `text_encoder`.
        members: of each its `name`, and its own `options` if it has any.

    Raises:
        RecipeError: fewer than two members, or one without a name.

    >>> members = [{"name": "text_lstm"}, {"name": "text_bag", "options": {"features": 16}}]
    >>> network = Committee(n_classes=7, vocabulary=50, members=members)
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
            raise RecipeError("a committee needs at least two members, each with a name")
        sizes = sizes_of(n_mels=n_mels, vocabulary=vocabulary, text_width=text_width, pretrained=pretrained)
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
        answers = [
            member(**{name: inputs[name] for name in member.takes}).log_softmax(-1)
            for member in self.networks
        ]
        together = torch.stack(answers, dim=1)
        return together if self.training else together.mean(1)

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
