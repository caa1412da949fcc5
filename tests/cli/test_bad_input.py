"""Whatever a verb is given: one clear sentence, the exit status of the house, nothing half-written."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

from serenade.errors import StoreError
from serenade.features.store import Store
from serenade.networks.weights import load_network

Serenade = Callable[..., tuple[int, str, str]]
TOY = runpy.run_path(str(Path(__file__).parents[1] / "toy_model.py"))
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + 64 * "a" + "\nsize 81920\n"


def spoil(file: Path, kind: str, good: Path) -> None:
    """Write a recording that cannot be used."""
    whole = good.read_bytes()
    if kind == "nan":
        soundfile.write(file, np.full(4000, np.nan, np.float32), 8000, subtype="FLOAT")
    elif kind == "no-samples":
        soundfile.write(file, np.zeros(0), 8000)
    else:
        file.write_bytes(
            {
                "text": b"this is not sound\n",
                "zero-bytes": b"",
                "lfs": LFS.encode(),
                "header-only": whole[:30],
                "wrong-format": whole[:20] + struct.pack("<H", 0x7777) + whole[22:],
            }[kind]
        )


KINDS = ["text", "zero-bytes", "lfs", "header-only", "wrong-format", "nan", "no-samples"]
BAD = "1009_DFA_ANG_XX.wav"


@pytest.mark.parametrize("kind", KINDS)
def test_one_bad_recording_among_good_ones(
    serenade: Serenade, kind: str, corpus: Path, trained: Path, front_end_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    goods = sorted(corpus.glob("*.wav"))[:3]
    for good in goods:
        shutil.copy(good, folder)
    spoil(folder / BAD, kind, goods[0])
    prepare = ["prepare", folder, "--out", tmp_path / "store", "--front-end", front_end_file, "--jobs", "1"]
    for verb in (["inspect", folder], prepare, ["predict", folder, "--model", trained]):
        ran = serenade(*verb)
        assert ran.status == 0, ran
        assert BAD in ran.stdout + ran.stderr, verb
    assert (Store.open(tmp_path / "store").index["state"] == "ok").sum() == 3
    assert serenade(*prepare, "--strict").status == 1
    assert serenade("predict", folder, "--model", trained, "--strict").status == 1


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_bad_recordings(
    serenade: Serenade, kind: str, corpus: Path, trained: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    spoil(folder / BAD, kind, next(corpus.glob("*.wav")))
    for verb in (["inspect", folder], ["prepare", folder, "--out", tmp_path / "store", "--jobs", "1"]):
        assert serenade(*verb).is_one_sentence(), verb
    ran = serenade("predict", folder, "--model", trained)
    assert ran.status == 1
    assert BAD in ran.stderr
    with pytest.raises(StoreError):
        Store.open(tmp_path / "store")


def test_telephone_sound_in_stereo_and_24_bits_works(
    serenade: Serenade, corpus: Path, front_end_file: Path, tmp_path: Path
) -> None:
    sound = TOY["voice"](1.0, rate_hz=8000)
    file = tmp_path / "1001_DFA_ANG_XX.wav"
    soundfile.write(file, np.stack([sound, 0.5 * sound], 1), 8000, subtype="PCM_24")
    model = TOY["write_toy_model"](tmp_path / "model" / "model.onnx")
    ran = serenade("predict", file, "--model", model, "--format", "json")
    assert ran.status == 0, ran
    answer = json.loads(ran.stdout)
    answer = answer[0] if isinstance(answer, list) else answer
    assert answer["state"] in ("ok", "unsure")
    assert answer["quality"]["resampled_from_hz"] == 8000
    assert serenade("inspect", tmp_path).status == 0
    store = tmp_path / "store"
    assert serenade("prepare", tmp_path, "--out", store, "--front-end", front_end_file).status == 0
    assert (Store.open(store).index["state"] == "ok").all()


def test_an_empty_folder(serenade: Serenade, recipe_file: Path, trained: Path, tmp_path: Path) -> None:
    empty, out = tmp_path / "empty", tmp_path / "out"
    empty.mkdir()
    for verb in (
        ["inspect", empty],
        ["prepare", empty, "--out", out],
        ["train", recipe_file, "--store", empty, "--out", out],
        ["evaluate", empty],
        ["evaluate", empty, "--store", empty],
        ["evaluate", empty, "--on", empty],
        ["report", empty],
        ["predict", empty, "--model", empty, "--out", tmp_path / "out.csv"],
        ["export", empty, "--out", out],
    ):
        assert serenade(*verb).is_one_sentence(), verb
        assert not any(empty.iterdir())
        assert not out.exists(), verb
    ran = serenade("predict", empty, "--model", trained)
    assert ran.status == 1
    assert ran.stderr.splitlines()[0] == f"{empty}: is a folder without recordings; pass a recording"


def test_what_is_not_there(serenade: Serenade, recipe_file: Path, trained: Path, tmp_path: Path) -> None:
    none, out = tmp_path / "none", tmp_path / "out"
    for verb in (
        ["inspect", none],
        ["prepare", none, "--out", out],
        ["train", none, "--store", none, "--out", out],
        ["train", recipe_file, "--store", none, "--out", out],
        ["evaluate", none],
        ["evaluate", trained, "--store", none],
        ["evaluate", trained, "--on", none],
        ["report", none],
        ["predict", none, "--model", none, "--out", tmp_path / "out.csv"],
        ["export", none, "--out", out],
    ):
        ran = serenade(*verb)
        assert ran.is_one_sentence(), (verb, ran)
        assert not out.exists(), verb
    ran = serenade("predict", none, "--model", trained)
    assert ran.status == 1
    assert ran.stderr.splitlines()[0] == f"{none}: there is no such file; check the path"


def test_names_without_labels(serenade: Serenade, corpus: Path, trained: Path, tmp_path: Path) -> None:
    for number, file in enumerate(sorted(corpus.glob("*.wav"))[:3]):
        shutil.copy(file, tmp_path / f"take {number}.wav")
    out = tmp_path / "store"
    for verb in (
        ["inspect", tmp_path],
        ["prepare", tmp_path, "--out", out],
        ["prepare", tmp_path, "--out", out, "--corpus", "cremad"],
    ):
        assert serenade(*verb).is_one_sentence(), verb
        assert not out.exists()
    assert serenade("predict", tmp_path, "--model", trained).status == 0


@pytest.fixture
def damaged_model(trained: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A model folder that looks right and is not."""

    def make(kind: str) -> Path:
        folder = tmp_path / kind
        shutil.copytree(trained / "model", folder)
        weights, graph = folder / "model.safetensors", folder / "model.onnx"
        if kind == "text":
            weights.write_text("weights\n")
            graph.write_text("graph\n")
        elif kind == "cut":
            weights.write_bytes(weights.read_bytes()[:5000])
            graph.write_bytes(graph.read_bytes()[:5000])
        elif kind == "no-spec":
            save_file(load_file(weights), weights)
            content = onnx.load(graph)
            del content.metadata_props[:]
            onnx.save(content, graph)
        elif kind == "broken-spec":
            save_file(load_file(weights), weights, metadata={"serenade": "{"})
            content = onnx.load(graph)
            del content.metadata_props[:]
            content.metadata_props.add(key="serenade", value="{")
            onnx.save(content, graph)
        elif kind == "other-shape":
            spec = load_network(folder)[1].to_metadata()
            state = load_file(weights)
            state["classify.weight"] = torch.zeros(5, 7)
            save_file(state, weights, metadata=spec)
            content = onnx.load(graph)
            (entry,) = [prop for prop in content.metadata_props if prop.key == "serenade"]
            changed = json.loads(entry.value)
            entry.value = json.dumps(changed | {"labels": changed["labels"][:2]})
            onnx.save(content, graph)
        return folder

    return make


@pytest.mark.parametrize("kind", ["text", "cut", "no-spec", "broken-spec", "other-shape"])
def test_a_model_that_is_none(
    serenade: Serenade,
    kind: str,
    damaged_model: Callable[[str], Path],
    stored: Path,
    corpus: Path,
    tmp_path: Path,
) -> None:
    model, out = damaged_model(kind), tmp_path / "out"
    for verb in (
        ["export", model, "--out", out],
        ["evaluate", model, "--store", stored, "--out", out],
        ["predict", next(corpus.glob("*.wav")), "--model", model, "--out", out, "--format", "csv"],
    ):
        ran = serenade(*verb)
        assert ran.is_one_sentence(), (verb, ran)
        assert str(model) in ran.stderr
    assert not [file for file in tmp_path.rglob("*") if file.suffix == ".part"]


def test_a_model_is_not_what_a_store_or_a_recipe_is(
    serenade: Serenade, trained: Path, stored: Path, recipe_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for verb in (
        ["evaluate", stored],
        ["evaluate", trained, "--store", trained],
        ["predict", stored, "--model", stored],
        ["export", stored, "--out", out],
        ["train", trained / "model" / "model.onnx", "--store", stored, "--out", out],
        ["train", recipe_file, "--store", trained, "--out", out],
        ["report", stored],
    ):
        ran = serenade(*verb)
        assert ran.is_one_sentence(), (verb, ran)
        assert not out.exists()


@pytest.mark.parametrize("lost", ["store.json", "frames.npy", "index.csv"])
def test_a_store_that_is_not_whole(
    serenade: Serenade, lost: str, stored: Path, trained: Path, recipe_file: Path, tmp_path: Path
) -> None:
    store, out = tmp_path / "store", tmp_path / "out"
    shutil.copytree(stored, store)
    (store / lost).unlink()
    for verb in (
        ["train", recipe_file, "--store", store, "--out", out],
        ["evaluate", trained, "--store", store, "--out", out],
    ):
        ran = serenade(*verb)
        assert ran.is_one_sentence(), (verb, ran)
        assert not out.exists()


@pytest.mark.parametrize(
    "changes",
    [
        ["training.epoch=1"],
        ["training.epochs=none"],
        ["network.name=compct"],
        ["network.options={stem = 5}"],
        ["network.options={widths = [8]}"],
        ["network.options={widths = 8}"],
        ["network.options={dropout = 3.0}"],
        ["data.split=grouped"],
        ["data.split=tfds"],
        ["data.split=grouped-9"],
        ["data.fold=7"],
        ["data.vote_weight=0.5"],
    ],
    ids=lambda changes: changes[0],
)
def test_a_recipe_that_cannot_be(
    serenade: Serenade, changes: list[str], recipe_file: Path, stored: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    sets = [word for change in changes for word in ("--set", change)]
    ran = serenade("train", recipe_file, "--store", stored, "--out", out, *sets)
    assert ran.is_one_sentence(), ran
    assert not (out / "model").exists()


def test_a_corrected_recipe_can_be_trained_in_the_same_place(
    serenade: Serenade, recipe_file: Path, stored: Path, tmp_path: Path
) -> None:
    arguments = ["train", recipe_file, "--store", stored, "--out", tmp_path / "out"]
    assert serenade(*arguments, "--set", "network.options={stem = 5}").is_one_sentence()
    assert serenade(*arguments).status == 0


def writing_verbs(
    corpus: Path, front_end: Path, stored: Path, recipe: Path, trained: Path, place: Path
) -> dict[str, list[str | Path]]:
    """Every verb that writes, told to write into `place`."""
    return {
        "prepare": ["prepare", corpus, "--out", place / "store", "--front-end", front_end, "--jobs", "1"],
        "train": ["train", recipe, "--store", stored, "--out", place / "run"],
        "evaluate": ["evaluate", trained, "--out", place / "evaluation"],
        "predict": ["predict", corpus, "--model", trained, "--out", place / "answers.csv"],
        "figures": [
            "predict",
            sorted(corpus.glob("*.wav"))[0],
            "--model",
            trained,
            "--figures",
            place / "figures",
        ],
        "export": ["export", trained, "--out", place / "m.onnx"],
    }


VERBS = ["prepare", "train", "evaluate", "predict", "figures", "export"]


@pytest.fixture
def verbs_into(
    corpus: Path, front_end_file: Path, stored: Path, recipe_file: Path, trained: Path
) -> Callable[[Path], dict[str, list[str | Path]]]:
    return lambda place: writing_verbs(corpus, front_end_file, stored, recipe_file, trained, place)


@pytest.mark.parametrize("verb", VERBS)
def test_a_place_below_a_file(serenade: Serenade, verb: str, verbs_into, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    ran = serenade(*verbs_into(tmp_path / "file")[verb])
    assert ran.status == 1, ran
    assert "Traceback" not in ran.stderr
    assert "cannot be written" in ran.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own; root alone can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def remount(disk: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", disk], check=True)


@pytest.mark.parametrize("verb", VERBS)
def test_a_place_without_permission(serenade: Serenade, verb: str, verbs_into, small_disk: Path) -> None:
    remount(small_disk, "ro")
    ran = serenade(*verbs_into(small_disk)[verb])
    assert ran.status == 1, ran
    assert "read-only" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk_and_the_rerun(serenade: Serenade, verb: str, verbs_into, small_disk: Path) -> None:
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        # A few pages are left over: some of it can be written, not all.
        file.write(bytes(16 * 2**20 - (1 if verb == "predict" else 5) * 4096))
    arguments = verbs_into(small_disk)[verb]
    ran = serenade(*arguments)
    assert ran.status == 1, ran
    assert "the disk is full" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not list(small_disk.rglob(".*.part"))
    for whole in ("store.json", "model.onnx", "m.onnx", "summary.json", "report.html"):
        assert not list(small_disk.rglob(whole))
    filler.unlink()
    again = serenade(*arguments, *(["--resume"] if verb == "train" else []))
    assert again.status == 0, again
