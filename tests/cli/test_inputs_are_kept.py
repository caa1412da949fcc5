"""An output never overwrites an input, whichever command writes; `predict` has its tests in test_predict."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def content_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture
def inputs(corpus, stored, trained, recipe_file, tmp_path):
    """A folder with a copy of everything that a command can be given."""
    place = tmp_path / "inputs"
    for name, source in (("corpus", corpus), ("store", stored), ("run", trained)):
        shutil.copytree(source, place / name)
    shutil.copy(recipe_file, place / "recipe.toml")
    (place / "old.pkl").write_bytes(pickle.dumps({"0": np.arange(3.0)}))
    (place / "MELD.Raw").mkdir()
    (place / "link").symlink_to(place / "old.pkl")
    os.link(place / "old.pkl", place / "hard_link")
    return place


COMMANDS = {
    "prepare into the corpus": ["prepare", "corpus", "--out", "corpus"],
    "prepare over a manifest": ["prepare", "recipe.toml", "--out", "recipe.toml"],
    "train into the store": ["train", "recipe.toml", "--store", "store", "--out", "store"],
    "evaluate into the store": ["evaluate", "run", "--store", "store", "--out", "store"],
    "evaluate into the run": ["evaluate", "run", "--store", "store", "--out", "run"],
    "evaluate into the model": ["evaluate", "run/model", "--store", "store", "--out", "run/model"],
    "ensemble into the run": ["ensemble", "run", "--out", "run"],
    "export over the weights": ["export", "run", "--out", "run/model/model.safetensors"],
    "export over the Spec": ["export", "run/model", "--out", "run/model/config.json"],
    "convert a pickle": ["originals", "convert", "old.pkl", "--out", "old.pkl"],
    "convert through a link": ["originals", "convert", "old.pkl", "--out", "link"],
    "convert over a hard link": ["originals", "convert", "hard_link", "--out", "old.pkl"],
    "spectrograms into MELD": ["originals", "spectrograms", "MELD.Raw", "--out", "MELD.Raw"],
    "trainer": ["originals", "trainer", "--input_dir", "corpus", "--output_dir", "corpus"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_input_as_output_is_refused(serenade, inputs, command, monkeypatch):
    monkeypatch.chdir(inputs)
    before = content_of(inputs)
    ran = serenade(*COMMANDS[command])
    assert ran.status == 1, ran
    assert "is an input of this command and would be overwritten; name another" in ran.stderr
    assert ran.is_one_sentence()
    assert content_of(inputs) == before


def test_an_evaluation_does_not_write_through_a_link_to_an_input(serenade, inputs):
    (inputs / "evaluation").mkdir()
    (inputs / "evaluation" / "metrics.json").symlink_to(inputs / "store" / "store.json")
    before = content_of(inputs)
    ran = serenade("evaluate", inputs / "run", "--store", inputs / "store", "--out", inputs / "evaluation")
    assert "metrics.json: is not of an evaluation and would be replaced" in ran.stderr
    assert content_of(inputs) == before


def script(name, *arguments):
    return subprocess.run(
        [sys.executable, SCRIPTS / name, *map(str, arguments)], capture_output=True, text=True
    )


@pytest.mark.parametrize("name", ["1001_DFA_ANG_XX_original.npy", "1001_DFA_ANG_XX_pitch_up.npy"])
def test_the_generator_does_not_write_through_a_link_to_a_recording(corpus, tmp_path, name):
    (tmp_path / "mels" / "ANG").mkdir(parents=True)
    (tmp_path / "mels" / "ANG" / name).symlink_to(corpus / "1001_DFA_ANG_XX.wav")
    before = content_of(corpus)
    ran = script("mel_generator.py", "--input_dir", corpus, "--output_dir", tmp_path / "mels")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert f"{name}: is an input of this command" in ran.stderr
    assert content_of(corpus) == before


def test_the_tester_keeps_its_model_and_recordings(corpus, tmp_path):
    model = tmp_path / "classification_results.csv"
    model.write_bytes(b"weights")
    ran = script("custom2_tester.py", "--input_dir", corpus, "--model_path", model, "--output_dir", tmp_path)
    assert ran.returncode == 1
    assert "classification_results.csv: is an input of this command" in ran.stderr
    assert model.read_bytes() == b"weights"
