"""The README and the documents name only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import serenade
from serenade.cli.main import VERBS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PROMISED = {"predict", "Predictor", "load_model", "read_corpus", "prepare", "train", "evaluate", "export"}


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_files_that_are_named_exist(page):
    named = set(re.findall(r"(?:recipes|docs|scripts|benchmarks|notebooks)/[\w./]+\w", page.read_text()))
    assert not [name for name in named if not (ROOT / name).exists()]


def test_verbs_that_the_readme_calls_exist():
    called = set(re.findall(r"^(?:\$ )?serenade (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert called
    assert called <= set(VERBS)


def test_public_names():
    assert set(serenade.__all__) - {"__version__"} == PROMISED
    assert all(callable(getattr(serenade, name)) for name in PROMISED)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        serenade.nothing  # noqa: B018
