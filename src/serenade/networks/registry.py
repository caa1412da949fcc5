"""Networks by name, so that a recipe, a model's Spec and the command mean the same thing.

Every network is a `Network`: `forward(features, lengths) -> logits`, where padding never changes a logit.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any, TypeVar

from torch import Tensor, nn

from serenade.errors import RecipeError


class Network(nn.Module):
    """What every registered network promises.

    Padding on the right (frames at or past `lengths`) must never change a logit in `eval()`.
    """

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            features: normalised log-mel, zeros after each clip's end [shape=(batch, mels, frames)].
            lengths: valid frames of each clip, at least 1 [shape=(batch,)], int64.

        Returns:
            Logits [shape=(batch, classes)].
        """
        raise NotImplementedError

    def muon_weights(self) -> list[nn.Parameter]:
        """Filters and matrices inside the network: what the Muon optimiser is made for."""
        return []


Factory = Callable[..., Network]
_F = TypeVar("_F", bound=Factory)
_FACTORIES: dict[str, Factory] = {}
_MODULES = ("cnn_lstm", "compact")


def register_network(name: str) -> Callable[[_F], _F]:
    """Make a factory or class available to recipes under `name`."""

    def register(factory: _F) -> _F:
        if name in _FACTORIES:
            raise ValueError(f"two networks are called {name!r}")
        _FACTORIES[name] = factory
        return factory

    return register


def _load_own() -> None:
    """Import the modules that carry serenade's own networks (each registers itself)."""
    for module in _MODULES:
        import_module(f"serenade.networks.{module}")


def list_networks(pattern: str = "*") -> list[str]:
    """Names of the registered networks that match a shell pattern.

    >>> list_networks("cnn*")
    ['cnn_lstm', 'cnn_lstm.original']
    """
    _load_own()
    return sorted(name for name in _FACTORIES if fnmatchcase(name, pattern))


def create_network(name: str, *, n_mels: int, n_classes: int, **arguments: Any) -> Network:
    """Build a network by name, freshly initialised from torch's global generator.

    Args:
        name: one of `list_networks()`.
        n_mels: mel bands of the features.
        n_classes: number of labels.
        **arguments: the network's own options, as in a recipe's `[network]`.

    Raises:
        RecipeError: no such network, or an option that it does not have.

    >>> network = create_network("compact", n_mels=128, n_classes=6)
    >>> sum(p.numel() for p in network.parameters()) < 1_000_000
    True
    """
    _load_own()
    if name not in _FACTORIES:
        near = difflib.get_close_matches(name, _FACTORIES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(_FACTORIES))}"
        raise RecipeError(f"there is no network called {name!r}; {hint}")
    try:
        return _FACTORIES[name](n_mels=n_mels, n_classes=n_classes, **arguments)
    except (TypeError, ValueError, RuntimeError) as cause:
        raise RecipeError(f"network {name!r} cannot be built from {arguments}: {cause}") from cause
