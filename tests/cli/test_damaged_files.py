"""Every small file of a run and a store, damaged in many ways: each command succeeds or says one sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from serenade.cli.main import run as run_command
from serenade.folders import RunFolder

RUN_FILES = {
    "run.json": lambda run: run.record,
    "summary.json": lambda run: run.summary,
    "recipe.toml": lambda run: run.recipe,
    "log.jsonl": lambda run: run.fold_runs()[0].log,
    "split.csv": lambda run: run.fold_runs()[0].split,
    "trained_on.json": lambda run: run.fold_runs()[0].model.trained_on,
    "config.json": lambda run: run.fold_runs()[0].model.config,
    "model.safetensors": lambda run: run.fold_runs()[0].model.weights,
    "model.onnx": lambda run: run.fold_runs()[0].model.onnx,
    "last.ckpt": lambda run: run.fold_runs()[0].last_checkpoint,
}


def wrong_types(content: bytes) -> bytes:
    """JSON of the same keys with other types; other texts with their numbers and words exchanged."""
    try:
        value = json.loads(content)
    except ValueError:
        return content.translate(bytes.maketrans(b"0123456789,=", b"abcdefghij==")) or b"x"
    return json.dumps({key: [[]] for key in value} if isinstance(value, dict) else {}).encode()


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda content: None,
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "binary": lambda content: bytes(range(256)) * 8,
    "zeros": lambda content: bytes(len(content)),
    "null": lambda content: b"null\n",
    "list": lambda content: b"[1, 2, 3]\n",
    "other schema": lambda content: b'{"format": "other", "version": 9}\n',
    "wrong types": wrong_types,
    "nested": lambda content: b'{"a":' * 3_000,
    "swapped": lambda content: content[len(content) // 2 :] + content[: len(content) // 2],
}


@pytest.fixture(scope="module")
def seeds(serenade_once: Callable, stored: Path, recipe_file: Path, tmp_path_factory) -> Path:
    """A finished and evaluated run of two seeds; not to be written to."""
    out = tmp_path_factory.mktemp("runs") / "seeds"
    given = ("--store", stored, "--out", out, "--set", "training.seeds=[0, 1]")
    assert serenade_once("train", recipe_file, *given) == 0
    assert serenade_once("evaluate", out, "--no-audio") == 0
    return out


@pytest.fixture(scope="module")
def serenade_once() -> Callable[..., int]:
    """Run a command without looking at what it prints."""
    return lambda *arguments: run_command([str(argument) for argument in arguments])


def command(name: str, run: Path, store: Path, recipe: Path, sound: Path, out: Path) -> list[str | Path]:
    fold_run = RunFolder(run).fold_runs()[0].path
    seeds = ["--set", "training.seeds=[0, 1]"]
    return {
        "report": ["report", run],
        "predict": ["predict", sound, "--model", fold_run],
        "export": ["export", fold_run, "--out", out / "m.onnx"],
        "ensemble": ["ensemble", run, "--out", out / "ensemble"],
        "train": ["train", recipe, "--store", store, "--out", run, *seeds, "--resume"],
        "refit": ["train", run, "--refit"],
        "evaluate": ["evaluate", run, "--no-audio"],
    }[name]


RUN = ("report", "predict", "ensemble", "train", "refit", "evaluate")
READ_BY = {
    "run.json": RUN,
    "summary.json": RUN,
    "recipe.toml": RUN,
    "log.jsonl": RUN,
    "split.csv": RUN,
    "trained_on.json": ("evaluate",),
    "config.json": ("export", "predict"),
    "model.safetensors": ("predict", "export", "ensemble", "evaluate"),
    "model.onnx": ("predict", "export"),
    "last.ckpt": ("train",),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", RUN_FILES)
def test_every_command_succeeds_or_says_one_sentence(
    name: str,
    damage: str,
    serenade: Callable,
    seeds: Path,
    stored: Path,
    recipe_file: Path,
    corpus: Path,
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    shutil.copytree(seeds, run)
    file = RUN_FILES[name](RunFolder(run))
    damaged = DAMAGES[damage](file.read_bytes())
    file.unlink()
    if damaged is not None:
        file.write_bytes(damaged)
    for reader in READ_BY[name]:
        arguments = command(reader, run, stored, recipe_file, next(corpus.glob("*.wav")), tmp_path)
        ran = serenade(*arguments)
        assert "Traceback" not in ran.stderr, (arguments, ran.stderr)
        assert ran.status == 0 or ran.is_one_sentence(), (arguments, ran)
