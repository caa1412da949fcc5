"""Networks that can be a part of another: they give a vector of each utterance before they judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.networks.registry import Network, create_network


class Encoder(Network):
    """A network whose logits are `classify(drop(encode(...)))`.

    Attributes:
        width: features of the vector.
        encode: from the inputs that `takes` names to vectors [shape=(n, width)].
        drop: dropout before the last layer.
        classify: last layer; none where the network is a part of another that judges instead.
    """

    width: int
    encode: Callable[..., Tensor]
    drop: nn.Module
    classify: nn.Module


def sizes_of(**sizes: Any) -> dict[str, Any]:
    """The sizes that the data have: what a network hands on to its parts.

    >>> sizes_of(n_mels=128, vocabulary=None)
    {'n_mels': 128}
    """
    return {name: size for name, size in sizes.items() if size is not None}


def create_part(
    name: str,
    options: Mapping[str, Any] | None,
    *,
    n_classes: int,
    sizes: Mapping[str, Any],
    judges: bool = False,
) -> Encoder:
    """Build a network that is a part of another.

    Args:
        name: one of `list_networks()`.
        options: its own options.
        n_classes: number of labels.
        sizes: of `sizes_of`.
        judges: whether its logits are wanted, not only its vectors.

    Raises:
        RecipeError: no such network, or one that gives no vectors; see also `create_network`.

    >>> create_part("compact", {}, n_classes=7, sizes={"n_mels": 64}).width
    256
    """
    network = create_network(name, n_classes=n_classes, **sizes, **(options or {}))
    if not isinstance(network, Encoder):
        raise RecipeError(
            f"network {name!r} gives no vector of an utterance, so it cannot be a part of another; take "
            "'compact' or 'spectrogram_cnn' for sound, 'text_lstm', 'text_head' or 'text_encoder' for text"
        )
    if not judges:
        network.classify = nn.Identity()
    return network
