"""Manifests: a path per row, and nothing of them is ignored without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from serenade.errors import ClusterError

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

import pyarrow as pa
from pyarrow import parquet

from serenade.cluster.recordings import read_manifest, recordings_of


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,start,end\na.wav,0,1\n", r"has times \(start, end\), and whole recordings are predicted"),
        ("file,end\na.wav,1\n", r"has times \(end\)"),
        ("file,emotion\na.wav,anger\n,fear\n", "has no path in row 2 below the head"),
        ("file,file\na.wav,b.wav\n", "has 2 columns file; keep one"),
        ("name\na.wav\n", r"has no column file \(its columns are name\); rename the column"),
        ("file|label\na.wav|joy\n", r"has no column file \(its columns are file.label\)"),
        ("file,label\na.wav,joy,x\n", "is not a table with a column file .*Expected 2 columns, got 3"),
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
    "text", ["file;label\na.wav;a, b\n", "\ufefffile,label\r\na.wav,joy\r\n", "label\tfile\njoy\ta.wav\n"]
)
def test_every_separator_and_a_byte_order_mark(text: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(text)
    assert read_manifest(str(tmp_path / "list.csv")) == [str(tmp_path / "a.wav")]


def test_a_folder_with_the_name_of_a_manifest_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").mkdir()
    (tmp_path / "calls.csv" / "a.wav").write_bytes(b"")
    assert recordings_of([str(tmp_path / "calls.csv")])[0] == [str(tmp_path / "calls.csv" / "a.wav")]


def test_a_manifest_that_cannot_be_read_names_the_path_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, reason in (("gone.csv", "there is no such file or folder"), ("file/a.csv", "Not a directory")):
        with pytest.raises(ClusterError, match=f"cannot be read: {reason}; check the path") as caught:
            read_manifest(str(tmp_path / name))
        assert "again" not in str(caught.value)
        assert "credentials" not in str(caught.value)


@pytest.mark.parametrize("place", range(-60, -8, 7))
def test_a_damaged_parquet_manifest_is_one_sentence(place: int, tmp_path: Path) -> None:
    file = tmp_path / "list.parquet"
    parquet.write_table(pa.table({"file": ["a.wav", "b.wav"]}), file)
    content = bytearray(file.read_bytes())
    content[place:-8] = b"\xff" * (-8 - place)
    file.write_bytes(content)
    with pytest.raises(ClusterError, match=r"list\.parquet: ") as caught:
        read_manifest(str(file))
    assert "\n" not in str(caught.value)
