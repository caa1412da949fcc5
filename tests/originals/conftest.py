"""Fixtures of the tests of training and of networks, which the published systems share."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def _fixtures_of(package: str) -> ModuleType:
    file = Path(__file__).parents[1] / package / "conftest.py"
    spec = importlib.util.spec_from_file_location(f"{package}_fixtures", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_TRAINING, _NETWORKS = _fixtures_of("training"), _fixtures_of("networks")
bare = _TRAINING.bare
make_store = _TRAINING.make_store
one_thread = _TRAINING.one_thread
store = _TRAINING.store
through_onnx = _NETWORKS.through_onnx
tiny = _TRAINING.tiny
unsettled = _NETWORKS.unsettled
weights_of = _TRAINING.weights_of
