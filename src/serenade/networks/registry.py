"""Networks by name, for recipes, the Spec of a model and the command line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from textwrap import shorten
from typing import Any, TypeVar

from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.registry import Registry

SOUND = frozenset({"features", "lengths"})
"""Inputs of an audio network: log-mel and its valid frames."""

SIZES = ("n_mels", "vocabulary", "text_width", "audio_width", "pretrained")
"""What follows from the data, or from `[text]` in a recipe; a network gets those in its constructor."""

EXAMPLE_SIZES = {"n_mels": 128, "vocabulary": 5_000, "text_width": 600, "audio_width": 300}
"""Sizes for which parameters are counted."""

_EXAMPLE_CLASSES = 6

_UNUSABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What constructors raise for options of the wrong type or size."""


class Network(nn.Module):
    """What every registered network provides.

    `forward` has the inputs in `takes` as keyword arguments and returns logits [shape=(n, classes)] of n
    utterances. In training it may return several predictions of each [shape=(n, predictions, classes)]; the
    loss is computed for each of them. Possible inputs:

    - `features`: normalised log-mel, zero after the end of each clip [shape=(n, mels, frames)]
    - `lengths`: valid frames of each clip, at least 1 [shape=(n,)], int64
    - `tokens`: token ids, 0 for padding, 1 for the unknown token [shape=(n, longest)], int64
    - `token_lengths`: valid tokens of each text, at least 1 [shape=(n,)], int64
    - `text_vectors`: of a frozen encoder [shape=(n, width)]
    - `audio_vectors`: of an encoder outside serenade, in arrays only [shape=(n, width)]
    - `statistics`: of a frozen speech encoder [shape=(n, width)]
    - `present`: whether there is sound, and whether there is text [shape=(n, 2)], bool
    - `dialogues`: number of utterances of each dialogue; a batch holds whole dialogues, one after another
      [shape=(d,)], int64, sums to n
    - `speakers`: speakers, numbered by first appearance in the dialogue [shape=(n,)], int64

    In `eval()` padding (frames or tokens at or after their lengths) must never change a logit.

    Attributes:
        takes: names of its inputs.
        context: one of `serenade.spec.CONTEXTS`.
        exports: whether it can be exported to ONNX.
        attention_over_time: of a network with `has_attention`: from the inputs of `forward` to the weight of
            each step of time in its pooling [shape=(n, steps)]; zero in the padding, sums to 1.
    """

    takes: frozenset[str] = SOUND
    context: str = "none"
    exports: bool = True
    attention_over_time: Callable[..., Tensor]

    @property
    def has_attention(self) -> bool:
        """Whether it has attention over time."""
        return False

    def muon_weights(self) -> list[nn.Parameter]:
        """Filters and matrices of hidden layers, for the Muon optimiser."""
        return []

    def pretrained_weights(self) -> list[nn.Parameter]:
        """Weights of a pretrained encoder that are fine-tuned, with a learning rate of their own."""
        return []


@dataclass(frozen=True, kw_only=True)
class NetworkEntry:
    """A registered network.

    Attributes:
        name: in the registry.
        build: class or function that makes it.
        example: options for an example of it, where it cannot be built without options.
    """

    name: str
    build: Callable[..., Network]
    example: Mapping[str, Any]

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.build) or "").partition("\n")[0]

    @property
    def sizes(self) -> list[str]:
        """The sizes in its constructor: some of `SIZES`."""
        return [size for size in SIZES if size in inspect.signature(self.build).parameters]

    def create_example(self, **sizes: Any) -> Network:
        """Build the example.

        Args:
            **sizes: in place of, or besides, `EXAMPLE_SIZES`.

        Raises:
            RecipeError: it needs a pretrained encoder and none is given.
        """
        arguments = {"n_classes": _EXAMPLE_CLASSES} | EXAMPLE_SIZES | sizes | dict(self.example)
        return create_network(self.name, **arguments)

    def count_parameters(self) -> int | None:
        """Number of parameters of the example; None where it depends on a pretrained encoder."""
        if "pretrained" in self.sizes and self._requires("pretrained"):
            return None
        return sum(weight.numel() for weight in self.create_example().parameters())

    def _requires(self, name: str) -> bool:
        return inspect.signature(self.build).parameters[name].default is inspect.Parameter.empty


_F = TypeVar("_F", bound=Callable[..., Network])

NETWORKS: Registry[NetworkEntry] = Registry(
    "network",
    # The published systems are in a higher layer, so their package is imported by name.
    packages=("serenade.networks.architectures", "serenade.originals.networks"),
    error=RecipeError,
)
"""Networks by name."""


def register_network(name: str, *, example: Mapping[str, Any] | None = None) -> Callable[[_F], _F]:
    """Register a class or function as a network.

    Args:
        name: in recipes.
        example: options of an example, where the network cannot be built without options.
    """

    def register(build: _F) -> _F:
        NETWORKS.add(name, NetworkEntry(name=name, build=build, example=example or {}))
        return build

    return register


def list_networks() -> list[str]:
    """Return the names of the networks; `NETWORKS` has the entries.

    >>> "compact" in list_networks()
    True
    """
    return list(NETWORKS)


def create_network(name: str, *, n_classes: int, **arguments: Any) -> Network:
    """Build a network by name, initialised from torch's global random generator.

    Args:
        name: one of `list_networks()`.
        n_classes: number of labels.
        **arguments: sizes of the data (`SIZES`; those that the network does not use are ignored), and the
            options of the network, as in `[network]` of a recipe.

    Raises:
        RecipeError: no such network, an unknown option, or a missing size.

    >>> network = create_network("compact", n_mels=128, n_classes=6)
    >>> sum(p.numel() for p in network.parameters()) < 1_000_000
    True
    >>> sorted(network.takes)
    ['features', 'lengths']
    """
    build = NETWORKS[name].build
    known = inspect.signature(build).parameters
    arguments = {key: value for key, value in arguments.items() if key in known or key not in SIZES}
    _require_sizes(name, known, arguments)
    try:
        return build(n_classes=n_classes, **arguments)
    except _UNUSABLE as cause:
        given = shorten(str(arguments), 200, placeholder=" …")
        reason = shorten(str(cause) or type(cause).__name__, 200, placeholder=" …")
        raise RecipeError(f"network {name!r} cannot be built from {given}: {reason}") from cause


def _require_sizes(name: str, known: Mapping[str, inspect.Parameter], arguments: Mapping[str, Any]) -> None:
    for size in SIZES:
        if size in known and known[size].default is inspect.Parameter.empty and size not in arguments:
            raise RecipeError(
                f"network {name!r} needs {size}, which this data does not have; "
                + (
                    "it takes arrays of audio vectors only (notebooks/meld_multimodal.ipynb)"
                    if size == "audio_width"
                    else "set data.inputs and the section [text] of the recipe"
                )
            )
