from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from serenade.folders import RunFolder


def commands(stderr: str) -> list[str]:
    return [line.removeprefix("$ serenade ") for line in stderr.splitlines() if line.startswith("$ ")]


def test_a_folder_becomes_an_evaluated_final_model(
    serenade: Callable, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = serenade("train", corpus, "--out", "mine")
    assert ran.status == 0, ran.stderr
    assert commands(ran.stderr) == [
        f"inspect {corpus}",
        f"prepare {corpus} --recipe mine.toml --out mine_store",
        "train mine.toml --store mine_store --out mine --resume",
        "evaluate mine",
        "train mine --refit",
    ]
    assert "speaker-independent" not in ran.stderr
    assert "serenade predict YOUR.wav --model mine" in ran.stderr
    run = RunFolder(tmp_path / "mine")
    assert len(run.fold_runs()) == 5
    assert run.model_to_use() == run.final.model
    assert (run.evaluation / "report.html").is_file()
    # The steps are the commands that they are printed as, and the same command finds all done.
    trained = run.final.model.weights.stat().st_mtime_ns
    again = serenade("train", corpus, "--out", "mine")
    assert again.status == 0, again.stderr
    assert "dev loss" not in again.stderr
    assert run.final.model.weights.stat().st_mtime_ns == trained


def test_without_speakers_the_result_is_not_called_speaker_independent(
    serenade: Callable, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "clips.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["file", "emotion"])
        names = {"ANG": "anger", "NEU": "neutral", "SAD": "sadness"}
        writer.writerows([file, names[file.stem.split("_")[2]]] for file in sorted(corpus.glob("*.wav")))
    ran = serenade("train", tmp_path / "clips.csv")
    assert ran.status == 0, ran.stderr
    assert "no speakers are known, so the split is random by file" in ran.stderr
    assert "not speaker-independent: its split is random by file" in ran.stderr
    assert "--speakers-from" in ran.stderr
    assert RunFolder(tmp_path / "runs" / "clips").final.model.is_complete


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere"),
        (("nowhere.toml", "--store", "s"), "there is no such recipe"),
        (("nowhere.toml",), "there is no such recipe"),
        (("{corpus}", "--store", "s"), "with --store, give a recipe"),
        (("r.toml", "--recipe", "r.toml"), "--recipe is for a folder or manifest"),
    ],
    ids=["no-folder", "no-recipe", "no-recipe-no-store", "folder-and-store", "two-recipes"],
)
def test_arguments_that_do_not_fit(
    serenade: Callable, corpus: Path, arguments: tuple[str, ...], message: str
) -> None:
    ran = serenade("train", *(str(argument).format(corpus=corpus) for argument in arguments))
    assert ran.status in (1, 2)
    assert message in " ".join(ran.stderr.replace("│", " ").split())
    assert "Traceback" not in ran.stderr


def test_a_recipe_needs_a_store(serenade: Callable, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("")
    ran = serenade("train", tmp_path / "r.toml")
    assert ran.is_one_sentence()
    assert "--store" in ran.stderr


def test_threads_are_limited_before_torch_is_imported() -> None:
    code = """
import sys
from serenade.cli.train import set_threads
assert "torch" not in sys.modules
set_threads(1)
import torch
print(torch.get_num_threads())
set_threads(2)
print(torch.get_num_threads())
"""
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, text=True, capture_output=True, check=True, env=environment)
    assert ran.stdout.split() == ["1", "2"]


def test_threads_wait_passively() -> None:
    code = """
import os
from serenade.cli.main import run
run(["--version"])
print(os.environ["OMP_WAIT_POLICY"])
"""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    for given in ({}, {"OMP_WAIT_POLICY": "active"}):
        ran = subprocess.run(
            [sys.executable, "-c", code],
            text=True,
            capture_output=True,
            check=True,
            env=environment | given,
        )
        assert ran.stdout.split()[-1] == given.get("OMP_WAIT_POLICY", "passive")
