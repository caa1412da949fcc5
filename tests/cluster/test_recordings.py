"""Manifests: a path per row, and nothing of them is ignored without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serenade.errors import ClusterError

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

import pyarrow as pa
from pyarrow import parquet

from serenade.cluster.recordings import read_manifest
from serenade.cluster.results import ABOUT, ResultFolder


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,start,end\na.wav,0,1\n", r"has times \(start, end\), and whole recordings are predicted"),
        ("file,end\na.wav,1\n", r"has times \(end\)"),
        ("file,emotion\na.wav,anger\n,fear\n", "has no path in row 2 below the head"),
        ("file,file\na.wav,b.wav\n", "has 2 columns file; keep one"),
        ("name\na.wav\n", "is not a table with a column file"),
        ("", "is not a table with a column file"),
    ],
)
def test_a_table_that_cannot_be_used_as_it_is(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(text)
    with pytest.raises(ClusterError, match=message):
        read_manifest(str(file))


@pytest.mark.parametrize("values", [[b"a.wav"], [1], [["a.wav"]]])
def test_parquet_paths_must_be_text(values: list[object], tmp_path: Path) -> None:
    file = tmp_path / "list.parquet"
    parquet.write_table(pa.table({"file": values}), file)
    with pytest.raises(ClusterError, match=r"has a column file of .*; write paths as text"):
        read_manifest(str(file))


def test_blank_lines_of_a_text_are_no_recordings(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("a.wav\n\nb.wav\n")
    assert read_manifest(str(file)) == [str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]


@pytest.mark.parametrize(
    "about", [{}, {"settings": 5, "chunks": []}, {"settings": {}, "chunks": 3}, {"settings": {}}]
)
def test_a_damaged_description_of_a_run(about: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / ABOUT).write_text(json.dumps({"format": "serenade-predictions"} | about))
    with pytest.raises(ClusterError, match="is damaged or of another program"):
        ResultFolder(str(tmp_path)).about()
