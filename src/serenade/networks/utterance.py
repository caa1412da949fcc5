"""Networks that embed each utterance before they classify it, and so can be a part of another network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.networks.layers.domain import DomainCheck
from serenade.networks.registry import NETWORKS, Network, create_network


class UtteranceNetwork(Network):
    """A network whose logits are `classify(drop(embed(...)))`.

    Attributes:
        width: features of an embedding.
        embed: from the inputs in `takes` to embeddings [shape=(n, width)].
        drop: dropout before the last layer.
        classify: the last layer; an identity where the network is a part of another.
        domain: distance of embeddings to the training data, once it is fitted.
    """

    width: int
    embed: Callable[..., Tensor]
    drop: nn.Module
    classify: nn.Module
    domain: DomainCheck | None

    def __init__(self) -> None:
        super().__init__()
        self.register_module("domain", None)


def given_sizes(**sizes: Any) -> dict[str, Any]:
    """The sizes that are not None: what a network passes to the networks inside it.

    >>> given_sizes(n_mels=128, vocabulary=None)
    {'n_mels': 128}
    """
    return {name: size for name, size in sizes.items() if size is not None}


def create_utterance_network(
    name: str,
    options: Mapping[str, Any] | None,
    *,
    n_classes: int,
    sizes: Mapping[str, Any],
    classifies: bool = False,
) -> UtteranceNetwork:
    """Build a network that is a part of another.

    Args:
        name: one of `list_networks()`.
        options: arguments of its constructor.
        n_classes: number of labels.
        sizes: of `given_sizes`.
        classifies: whether its logits are needed, not only its embeddings.

    Raises:
        RecipeError: no such network, or one without embeddings; see also `create_network`.

    >>> create_utterance_network("compact", {}, n_classes=7, sizes={"n_mels": 64}).width
    256
    """
    network = create_network(name, n_classes=n_classes, **sizes, **(options or {}))
    if not isinstance(network, UtteranceNetwork):
        raise RecipeError(
            f"network {name!r} has no embedding of an utterance, so it cannot be a part of another network; "
            f"use one of {', '.join(_names())}"
        )
    if not classifies:
        network.classify = nn.Identity()
    return network


def _names() -> list[str]:
    """Networks that embed utterances."""
    entries = {name: NETWORKS[name].build for name in NETWORKS}
    return [
        name
        for name, build in entries.items()
        if isinstance(build, type) and issubclass(build, UtteranceNetwork)
    ]
