"""A server in this process, with one worker process and a toy model."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from starlette.testclient import TestClient

from serenade.service.app import create_app
from serenade.service.settings import Limits, Settings

_SPEC = importlib.util.spec_from_file_location("page_driver", Path(__file__).with_name("page_driver.py"))
page_driver = importlib.util.module_from_spec(_SPEC)
sys.modules["page_driver"] = page_driver
_SPEC.loader.exec_module(page_driver)

Serve = Callable[..., TestClient]


@contextmanager
def _serve(model_file: Path, *, token: str | None = None, **limits: float) -> Iterator[TestClient]:
    settings = Settings(model=str(model_file), workers=1, token=token, limits=Limits(**limits))
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="session")
def client(model_file: Path) -> Iterator[TestClient]:
    """A client of a server with the default limits."""
    with _serve(model_file) as client:
        yield client


@pytest.fixture
def serve(model_file: Path):
    """`with serve(token="x", files=2) as client`: a server with other settings."""
    return lambda **settings: _serve(model_file, **settings)


@pytest.fixture(scope="session")
def voice(voices: list[Path]) -> Path:
    """A recording of a second, at 16 kHz."""
    return voices[0]


@pytest.fixture(scope="module")
def chromium(example_folder):
    """A browser whose microphone plays `call.wav`."""
    with page_driver.started_chromium(microphone=example_folder / "call.wav") as browser:
        yield browser
