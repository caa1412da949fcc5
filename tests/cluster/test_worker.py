"""What a worker refuses, and the files that it leaves."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

from serenade.cluster.fetching import Item
from serenade.cluster.worker import PredictSettings, predict_chunk
from serenade.errors import ClusterError
from serenade.files import sha256_of


@pytest.fixture
def sent(model_file) -> tuple[PredictSettings, np.ndarray]:
    """Settings and model as the workers get them."""
    settings = PredictSettings(model_sha256=sha256_of(model_file))
    return settings, np.frombuffer(model_file.read_bytes(), np.uint8)


def test_nothing_temporary_is_left(sent, voices, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = predict_chunk([Item(str(file), True) for file in voices[:2]], *sent)
    assert [one["state"] for (one,) in rows] == ["ok", "ok"]
    assert not list(tmp_path.iterdir())


def test_a_file_that_only_the_first_machine_has(sent, tmp_path):
    file = tmp_path / "gone.wav"
    with pytest.raises(ClusterError, match="is not on every node; put the recordings into a folder"):
        predict_chunk([Item(str(file), True)], *sent)
    ((row,),) = predict_chunk([Item(str(file), False)], *sent)
    assert (row["state"], row["error"]) == ("error", "there is no such file; check the path")


def test_another_version_of_the_package(sent, voices):
    settings, onnx = sent
    with pytest.raises(ClusterError, match=r"and this machine 0\.0; install the same version"):
        predict_chunk([Item(str(voices[0]), True)], replace(settings, version="0.0"), onnx)


def test_remote_copies_are_removed_one_by_one(sent, voices, tmp_path, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    memory = fsspec.filesystem("memory")
    for file in voices[:3]:
        memory.pipe_file(f"/calls/{file.name}", Path(file).read_bytes())
    items = [Item(f"memory://calls/{file.name}", True) for file in voices[:3]]
    items.append(Item("memory://calls/gone.wav", False))
    rows = predict_chunk(items, *sent)
    expected = predict_chunk([Item(str(file), True) for file in voices[:3]], *sent)
    assert [row | {"file": ""} for (row,) in rows[:3]] == [row | {"file": ""} for (row,) in expected]
    assert rows[3][0]["error"] == "there is no such file; check the path"
    assert not list(tmp_path.iterdir())
