"""Networks by name, so that a recipe, a model's Spec and the command mean the same thing.

Every network is a `Network`: `forward(**inputs) -> logits`, where padding never changes a logit.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from torch import nn

from serenade.errors import RecipeError
from serenade.registry import Registry

SOUND = frozenset({"features", "lengths"})
"""Inputs of a network of sound: log-mel and its valid frames."""

SIZES = ("n_mels", "vocabulary", "text_width", "pretrained")
"""What follows from the data, or from a recipe's `[text]`; a network is given what its constructor names."""

CONTEXTS = ("none", "past", "all")
"""What of its dialogue an utterance may be judged by; what lies in the future is unknown to a stream."""


class Network(nn.Module):
    """What every registered network promises.

    Its `forward` takes the inputs that `takes` names, by keyword, and gives logits
    [shape=(n, classes)] of n utterances; in training it may give several answers for each
    [shape=(n, answers, classes)], all of which are held against the label:

    - `features`: normalised log-mel, zeros after each clip's end [shape=(n, mels, frames)]
    - `lengths`: valid frames of each clip, at least 1 [shape=(n,)], int64
    - `tokens`: ids of words, 0 is padding, 1 an unknown word [shape=(n, longest)], int64
    - `token_lengths`: valid tokens of each text, at least 1 [shape=(n,)], int64
    - `text_vectors`: of a frozen encoder [shape=(n, width)]
    - `present`: whether there is sound, whether there is text [shape=(n, 2)], bool
    - `dialogues`: utterances of each dialogue; the batch holds whole dialogues, one after another
      [shape=(d,)], int64, sums to n
    - `speakers`: who speaks, numbered by first appearance in the dialogue [shape=(n,)], int64

    Padding (frames or tokens at or past their lengths) must never change a logit in `eval()`.

    Attributes:
        takes: names of its inputs; a network that wraps another may say so on itself.
        context: one of `CONTEXTS`.
        exports: whether it can become an ONNX graph.
    """

    takes: frozenset[str] = SOUND
    context: str = "none"
    exports: bool = True

    def muon_weights(self) -> list[nn.Parameter]:
        """Filters and matrices inside the network: what the Muon optimiser is made for."""
        return []

    def pretrained_weights(self) -> list[nn.Parameter]:
        """What has been learnt elsewhere and is to move slowly."""
        return []


Factory = Callable[..., Network]
_F = TypeVar("_F", bound=Factory)

NETWORKS = Registry[Factory](
    "network",
    # The networks of the published systems stand above this package; they are imported by name.
    packages=("serenade.networks.architectures", "serenade.originals.networks"),
    error=RecipeError,
)
"""Networks by name."""


def register_network(name: str) -> Callable[[_F], _F]:
    """Make a factory or class available to recipes under `name`."""

    def register(factory: _F) -> _F:
        NETWORKS.add(name, factory)
        return factory

    return register


def list_networks(pattern: str = "*") -> list[str]:
    """Names of the registered networks that match a shell pattern.

    >>> list_networks("cnn*")
    ['cnn_lstm', 'cnn_lstm.original']
    """
    return NETWORKS.names(pattern)


def create_network(name: str, *, n_classes: int, **arguments: Any) -> Network:
    """Build a network by name, freshly initialised from torch's global generator.

    Args:
        name: one of `list_networks()`.
        n_classes: number of labels.
        **arguments: sizes of the data (`SIZES`; those that the network has no use for are left out), and
            the network's own options, as in a recipe's `[network]`.

    Raises:
        RecipeError: no such network, an option that it does not have, or a size that it needs is not given.

    >>> network = create_network("compact", n_mels=128, n_classes=6)
    >>> sum(p.numel() for p in network.parameters()) < 1_000_000
    True
    >>> sorted(network.takes)
    ['features', 'lengths']
    """
    factory = NETWORKS[name]
    known = inspect.signature(factory).parameters
    arguments = {key: value for key, value in arguments.items() if key in known or key not in SIZES}
    _require_sizes(name, known, arguments)
    try:
        return factory(n_classes=n_classes, **arguments)
    except (TypeError, ValueError, RuntimeError) as cause:
        raise RecipeError(f"network {name!r} cannot be built from {arguments}: {cause}") from cause


def _require_sizes(name: str, known: Mapping[str, inspect.Parameter], arguments: Mapping[str, Any]) -> None:
    for size in SIZES:
        if size in known and known[size].default is inspect.Parameter.empty and size not in arguments:
            raise RecipeError(
                f"network {name!r} needs {size}, which these data do not have; set data.inputs and the "
                "section [text] of the recipe"
            )
