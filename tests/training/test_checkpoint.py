from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from serenade.errors import ModelError
from serenade.training.checkpoint import load_checkpoint, save_checkpoint


class Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    state = {"network": {"a": torch.arange(3.0)}, "history": "[]", "schedules": [{"best": -float("inf")}]}
    save_checkpoint(tmp_path / "last.ckpt", state)
    back = load_checkpoint(tmp_path / "last.ckpt")
    assert torch.equal(back["network"]["a"], state["network"]["a"])
    assert back["schedules"] == state["schedules"]
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_a_hostile_pickle_is_refused_and_not_run(tmp_path: Path, form: str) -> None:
    file, mark = tmp_path / "last.ckpt", tmp_path / "it-ran"
    if form == "torch":
        torch.save({"network": Hostile(mark)}, file)
    else:
        file.write_bytes(pickle.dumps(Hostile(mark)))
    with pytest.raises(ModelError, match="not a readable checkpoint") as told:
        load_checkpoint(file)
    assert not mark.exists()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "zip"])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "last.ckpt"
    save_checkpoint(file, {"network": {"a": torch.zeros(1000)}})
    whole = file.read_bytes()
    if damage == "zip":
        with zipfile.ZipFile(file, "w") as content:
            content.writestr("a.txt", "text")
    else:
        file.write_bytes({"empty": b"", "text": b"some text", "cut": whole[: len(whole) // 2]}[damage])
    with pytest.raises(ModelError, match="not a readable checkpoint") as told:
        load_checkpoint(file)
    assert "\n" not in str(told.value)
