"""The folder of the results: its own files only, one process at a time, and whole at the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serenade.errors import ClusterError, OutputError

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

import pyarrow as pa
from pyarrow import parquet

from serenade.cluster.results import ABOUT, ResultFolder, read_results
from serenade.cluster.rows import Counts, failed_row, table_of

ONE, TWO = "1" * 32, "2" * 32
CHUNKS = {ONE: ["a.wav"], TWO: ["b.wav"]}
SETTINGS = {"labels": None}


@pytest.fixture
def folder(tmp_path: Path) -> ResultFolder:
    """A finished folder of two chunks."""
    made = ResultFolder(str(tmp_path / "out"))
    made.begin(CHUNKS, SETTINGS, overwrite=False)
    for key, files in CHUNKS.items():
        made.write(key, table_of([failed_row(file, "no sound") for file in files], labels=[], model={}))
    made.finish(CHUNKS, SETTINGS, Counts(recordings=2))
    return ResultFolder(made.path)


@pytest.mark.parametrize(
    "about", [{}, {"settings": 5, "chunks": []}, {"settings": {}, "chunks": 3}, {"settings": {}}]
)
def test_a_damaged_description_of_a_run(about: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / ABOUT).write_text(json.dumps({"format": "serenade-predictions"} | about))
    with pytest.raises(ClusterError, match="is damaged or of another program"):
        ResultFolder(str(tmp_path)).about()


@pytest.mark.parametrize("overwrite", [True, False])
def test_other_files_of_the_user_are_kept(folder: ResultFolder, overwrite: bool) -> None:
    mine = Path(folder.path) / "summary.parquet"
    parquet.write_table(pa.table({"mean": [1.0]}), mine)
    (Path(folder.path) / ".0123.part").write_text("of a killed process")
    done = ResultFolder(folder.path).begin(CHUNKS, SETTINGS, overwrite=overwrite)
    assert set(done) == (set() if overwrite else {ONE, TWO})
    left = {mine.name, ABOUT} | (set() if overwrite else {f"{ONE}.parquet", f"{TWO}.parquet"})
    assert {file.name for file in Path(folder.path).iterdir()} == left


@pytest.mark.parametrize("place", range(-200, -8, 24))
def test_a_damaged_chunk_is_predicted_again(folder: ResultFolder, place: int) -> None:
    file = Path(folder.file_of(ONE))
    content = bytearray(file.read_bytes())
    content[place:-8] = b"\xff" * (-8 - place)
    file.write_bytes(content)
    with pytest.raises(ClusterError, match="is damaged; run `serenade predict` again"):
        read_results(folder.path)
    assert set(folder.begin(CHUNKS, SETTINGS, overwrite=False)) == {TWO}
    assert not file.exists()


def test_one_process_at_a_time(folder: ResultFolder) -> None:
    with folder.locked(), pytest.raises(OutputError, match="another process writes predictions here"):
        folder.locked().__enter__()
    with folder.locked():
        pass
    assert not (Path(folder.path) / ".lock").exists()


def test_a_chunk_that_another_process_removed_is_found_at_the_end(folder: ResultFolder) -> None:
    Path(folder.file_of(TWO)).unlink()
    with pytest.raises(ClusterError, match=f"another process has removed {TWO}.parquet meanwhile"):
        folder.finish(CHUNKS, SETTINGS, Counts())


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a file of this name stands where a folder is needed"):
        ResultFolder(str(tmp_path / "file"))
    with pytest.raises(OutputError, match="this path leads through a file"):
        ResultFolder(str(tmp_path / "file" / "out"))
