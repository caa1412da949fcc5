"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serenade.corpora import read_corpus
from serenade.corpora.synthetic_meld import MadeMeld, make_meld

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real corpora beside the checkout; the test is skipped where it is not there."""
    if not (SHARED / "data").is_dir():
        pytest.skip("no ../shared/data here: this test needs real recordings")
    return SHARED / "data"


@pytest.fixture(scope="session")
def made_meld(tmp_path_factory: pytest.TempPathFactory) -> MadeMeld:
    """A small `MELD.Raw` with all its traps; to be read, not changed."""
    folder = tmp_path_factory.mktemp("meld") / "MELD.Raw"
    rows = {"train": 24, "dev": 10, "test": 12}
    return make_meld(folder, rows=rows, distinct=10, rng=np.random.default_rng(0))


@pytest.fixture(scope="session")
def real_meld(shared: Path) -> pd.DataFrame:
    """The 13,708 real rows of MELD, without clips; to be read, not changed."""
    return read_corpus(shared / "meld")
