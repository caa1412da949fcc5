"""Speech emotion recognition: trained on speaker-independent splits, with calibrated confidences.

Prediction needs the core installation only; corpora, training and evaluation need `serenade[train]`.

>>> import serenade
>>> prediction = serenade.predict("call.wav", model="model.onnx")
>>> prediction.emotion, prediction.state
('sadness', 'ok')
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from serenade.version import __version__

if TYPE_CHECKING:
    from serenade.corpora import list_corpora, list_splits, read_corpus
    from serenade.errors import SerenadeError
    from serenade.evaluation.compare import compare
    from serenade.features.prepare import prepare
    from serenade.features.store import Store
    from serenade.inference.load import load_model, predict
    from serenade.inference.locate import list_models
    from serenade.inference.model import Model
    from serenade.inference.prediction import Failure, Prediction
    from serenade.networks import list_networks
    from serenade.networks.export import export
    from serenade.output.format import list_formats
    from serenade.split_audit import audit
    from serenade.training.evaluate import evaluate
    from serenade.training.recipe import Recipe, load_recipe
    from serenade.training.run import Run, train

# onnxruntime 1.32 reports its use to its vendor; nothing leaves the machine here. Read when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_MODULES = {
    "Failure": "serenade.inference.prediction",
    "Model": "serenade.inference.model",
    "Prediction": "serenade.inference.prediction",
    "Recipe": "serenade.training.recipe",
    "Run": "serenade.training.run",
    "SerenadeError": "serenade.errors",
    "Store": "serenade.features.store",
    "audit": "serenade.split_audit",
    "compare": "serenade.evaluation.compare",
    "evaluate": "serenade.training.evaluate",
    "export": "serenade.networks.export",
    "list_corpora": "serenade.corpora",
    "list_formats": "serenade.output.format",
    "list_models": "serenade.inference.locate",
    "list_networks": "serenade.networks",
    "list_splits": "serenade.corpora",
    "load_model": "serenade.inference.load",
    "load_recipe": "serenade.training.recipe",
    "predict": "serenade.inference.load",
    "prepare": "serenade.features.prepare",
    "read_corpus": "serenade.corpora",
    "train": "serenade.training.run",
}
"""The module of each public name."""

__all__ = [
    "Failure",
    "Model",
    "Prediction",
    "Recipe",
    "Run",
    "SerenadeError",
    "Store",
    "__version__",
    "audit",
    "compare",
    "evaluate",
    "export",
    "list_corpora",
    "list_formats",
    "list_models",
    "list_networks",
    "list_splits",
    "load_model",
    "load_recipe",
    "predict",
    "prepare",
    "read_corpus",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import serenade` loads no library.

    Raises:
        MissingExtra: it needs a library that is not installed.
    """
    if name not in _MODULES:
        raise AttributeError(f"module 'serenade' has no attribute {name!r}")
    try:
        return getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as cause:
        from serenade.errors import missing_extra

        if (error := missing_extra(cause, needed_by=f"serenade.{name}")) is None:
            raise
        raise error from cause


def __dir__() -> list[str]:
    return __all__
