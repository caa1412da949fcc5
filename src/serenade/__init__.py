"""serenade hears emotion in speech.

>>> from serenade import predict  # doctest: +SKIP
>>> predict("call.m4a", model="runs/mine").emotion  # doctest: +SKIP
'anger'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from serenade.version import __version__

if TYPE_CHECKING:
    from serenade.corpora import read_corpus
    from serenade.features.prepare import prepare
    from serenade.inference.model import load_model
    from serenade.inference.predictor import Predictor, predict
    from serenade.networks import list_networks
    from serenade.networks.export import export
    from serenade.output.format import list_formats
    from serenade.training.evaluate import evaluate
    from serenade.training.recipe import Recipe, load_recipe
    from serenade.training.run import train

_HOMES = {
    "Predictor": "serenade.inference.predictor",
    "Recipe": "serenade.training.recipe",
    "evaluate": "serenade.training.evaluate",
    "export": "serenade.networks.export",
    "list_formats": "serenade.output.format",
    "list_networks": "serenade.networks",
    "load_model": "serenade.inference.model",
    "load_recipe": "serenade.training.recipe",
    "predict": "serenade.inference.predictor",
    "prepare": "serenade.features.prepare",
    "read_corpus": "serenade.corpora",
    "train": "serenade.training.run",
}

__all__ = [
    "Predictor",
    "Recipe",
    "__version__",
    "evaluate",
    "export",
    "list_formats",
    "list_networks",
    "load_model",
    "load_recipe",
    "predict",
    "prepare",
    "read_corpus",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for; nothing heavy is imported before."""
    if name not in _HOMES:
        raise AttributeError(f"module 'serenade' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
