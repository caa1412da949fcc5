from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from serenade.errors import ModelError
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.training.checkpoint import load_checkpoint, save_checkpoint
from serenade.training.recipe import Recipe
from serenade.training.run import train


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
    with pytest.raises(ModelError, match="not a readable checkpoint") as error:
        load_checkpoint(file)
    assert not mark.exists()
    assert "\n" not in str(error.value)


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
    with pytest.raises(ModelError, match="not a readable checkpoint") as error:
        load_checkpoint(file)
    assert "\n" not in str(error.value)


def test_a_changed_bit_is_detected(tmp_path: Path) -> None:
    file = tmp_path / "last.ckpt"
    state = {"network": {"a": torch.arange(4000.0)}, "history": "[]", "schedules": [{"best": 0.25}]}
    save_checkpoint(file, state)
    whole = file.read_bytes()
    rng, detected = np.random.default_rng(0), 0
    for place in rng.integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(damaged)
        try:
            loaded = load_checkpoint(file)
        except ModelError:
            detected += 1
        else:
            # Padding and the archive's own fields carry nothing that is loaded.
            assert torch.equal(loaded["network"]["a"], state["network"]["a"])
            assert {name: loaded[name] for name in ("history", "schedules")} == {
                name: state[name] for name in ("history", "schedules")
            }
    assert detected > 30


@pytest.mark.parametrize("field", ["network", "kept", "optimizers", "history"])
@pytest.mark.parametrize(
    "value", [None, 3, {}, [], "text", "3"], ids=["none", "int", "dict", "list", "text", "json"]
)
@pytest.mark.usefixtures("bare")
def test_a_field_of_another_type_is_one_sentence(
    field: str, value: object, begun: Path, store: Store, tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    shutil.copytree(begun, run.path)
    state = load_checkpoint(run.last_checkpoint)
    save_checkpoint(run.last_checkpoint, state | {field: value})
    with pytest.raises(ModelError, match=r"last\.ckpt: is not a readable checkpoint") as error:
        train(tiny(training={"epochs": 3}), store=store, out=run.path, resume=True)
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def begun(store: Store, tiny: Callable[..., Recipe], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was interrupted after its first epoch."""
    out = tmp_path_factory.mktemp("runs") / "begun"

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny(training={"epochs": 3}), store=store, out=out, on_epoch=interrupt)
    return out


def test_a_checkpoint_of_another_program_is_refused(tmp_path: Path) -> None:
    torch.save({"network": {"a": torch.zeros(3)}}, tmp_path / "last.ckpt")
    with pytest.raises(ModelError, match="not a checkpoint that this version of serenade wrote"):
        load_checkpoint(tmp_path / "last.ckpt")
