"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real corpora beside the checkout; the test is skipped where it is not there."""
    if not (SHARED / "data").is_dir():
        pytest.skip("no ../shared/data here: this test needs real recordings")
    return SHARED / "data"
