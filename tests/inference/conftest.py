"""Fixtures of the inference room: a toy model and recordings made on the fly."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("toy_model", Path(__file__).with_name("toy_model.py"))
toy_model = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(toy_model)


@pytest.fixture(scope="session")
def toy():
    """The module `toy_model`."""
    return toy_model


@pytest.fixture(scope="session")
def model_file(tmp_path_factory) -> Path:
    """A toy model on disk."""
    return toy_model.write_toy_model(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture(scope="session")
def voices(tmp_path_factory) -> list[Path]:
    """Twelve short recordings of different length, level and rate."""
    folder = tmp_path_factory.mktemp("voices")
    return [
        toy_model.write_voice(
            folder / f"v{i:02}.wav",
            0.6 + 0.37 * i,
            level=0.05 + 0.07 * i,
            rate_hz=(16_000, 44_100, 8_000)[i % 3],
            seed=i,
        )
        for i in range(12)
    ]
