"""Minimal corpora, one per reader."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from serenade.corpora.registry import Corpus


def write_files(folder: Path, contents: Mapping[str, str]) -> Path:
    """Write text files below a folder; "" gives an empty file, which stands for a recording.

    The text of a Parquet file is its rows as JSON.
    """
    for name, content in contents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".parquet":
            pyarrow = pytest.importorskip("pyarrow")
            importlib.import_module("pyarrow.parquet").write_table(
                pyarrow.Table.from_pylist(json.loads(content)), file
            )
        else:
            file.write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def write():
    """The function `write_files`."""
    return write_files


@pytest.fixture
def touch():
    """Create empty files, which stand for recordings, below a folder."""

    def create(folder: Path, *names: str) -> Path:
        return write_files(folder, dict.fromkeys(names, ""))

    return create


@pytest.fixture
def example(tmp_path):
    """Write the example of a corpus to a new folder and return the folder."""

    def create(corpus: Corpus, name: str = "corpus") -> Path:
        return write_files(tmp_path / name, corpus.example)

    return create
