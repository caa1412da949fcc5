"""Training that is really killed, at random moments, and resumed: nothing of the result may differ."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.training.recipe import Recipe
from serenade.training.run import train

KILLS = 10


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def start(monkeypatch_module: pytest.MonkeyPatch) -> Callable[[Path, Path, Path], BaseProcess]:
    """Start `train` in a process of its own; PyTorch is imported once for all of them."""
    monkeypatch_module.setenv("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["serenade.training.run"])

    def started(recipe: Path, store: Path, out: Path) -> BaseProcess:
        options = {"store": store, "out": out, "resume": True, "refit": True}
        process = context.Process(target=train, args=(recipe,), kwargs=options)
        process.start()
        return process

    return started


def contents(run: Path) -> dict[str, object]:
    """Everything in a run that training determines."""
    found: dict[str, object] = {}
    for file in sorted(run.rglob("*")):
        name = str(file.relative_to(run))
        if file.name in ("run.json", "README.md", "config.json", "model.onnx", "curves.png") or file.is_dir():
            continue
        if file.suffix == ".safetensors":
            found[name] = load_file(file)
        elif file.suffix == ".ckpt":
            state = torch.load(file, weights_only=True)
            found[name] = state["network"] | {f"ema.{key}": value for key, value in state["kept"].items()}
        elif file.name == "log.jsonl":
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            found[name] = [{key: line[key] for key in line if key != "seconds"} for line in lines]
        elif file.name == "summary.json":
            summary = RunFolder(run).read_summary()
            found[name] = [(entry.fold, entry.kept_epoch, entry.figures) for entry in summary.fold_runs]
        elif "tensorboard" not in file.parts:
            found[name] = file.read_bytes()
    return found


def assert_equal(one: dict[str, object], other: dict[str, object]) -> None:
    assert one.keys() == other.keys()
    for name, content in one.items():
        if name.endswith((".safetensors", ".ckpt")):
            assert isinstance(content, dict)
            assert content.keys() == other[name].keys()
            assert all(torch.equal(content[key], other[name][key]) for key in content), name
        else:
            assert content == other[name], name


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_killed_ten_times_at_random_moments(
    seed: int, store: Store, tiny: Callable[..., Recipe], start: Callable, tmp_path: Path
) -> None:
    training = {"epochs": 6, "ema_decay": 0.9, "early_stopping_patience": 5, "seeds": [seed]}
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(tiny(data={"split": "grouped-2", "fold": 0}, training=training).to_toml())
    began = time.monotonic()
    unbroken = start(recipe, store.path, tmp_path / "unbroken")
    unbroken.join()
    duration_s = time.monotonic() - began
    assert unbroken.exitcode == 0

    expected = contents(tmp_path / "unbroken")
    rng, kills, out = np.random.default_rng(seed), 0, tmp_path / "killed"
    while kills < KILLS or out.exists():
        process = start(recipe, store.path, out)
        if kills < KILLS:
            process.join(rng.uniform(0, duration_s / 5))
            kills += process.is_alive()
            process.kill()
        process.join()
        if process.exitcode == 0:
            assert not list(out.rglob("*.part"))
            assert_equal(expected, contents(out))
            out = tmp_path / f"killed_again_{kills}"
    assert kills == KILLS
