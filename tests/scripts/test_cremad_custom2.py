"""The drop-in trainer, run as people run it: generator, trainer, tester, one after the other."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import serenade.assets
from serenade.audio.logmel import CREMAD_SEED
from serenade.features.store import Store
from serenade.originals.cremad.run_files import FILES
from serenade.originals.cremad.tester import COLUMNS
from serenade.spec import Spec
from serenade.synthetic.cremad import make_cremad
from serenade.training.recipe import load_recipe

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
RECIPE = Path(serenade.assets.__file__).with_name("cremad_custom2.toml")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
SMALL = """
import runpy, sys
import serenade.assets
serenade.assets.__file__ = sys.argv[1]
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs the trainer with the recipe that lies beside the named file: its own network costs half a minute and
2.6 GB, and `test_real_clips_with_variants_split_by_file` (slow) pays them."""


def run(script: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return _run([sys.executable, str(SCRIPTS / script), *map(str, arguments)], cwd)


def _run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=500, check=False
    )


def small_trainer(folder: Path, *arguments: str) -> list[str]:
    """The trainer's command, with a small network in its recipe."""
    recipe = RECIPE.read_text().replace(
        'name = "cnn_lstm"', 'name = "compact"\noptions = {stem = 16, widths = [16, 16, 16], projection = 16}'
    )
    (folder / RECIPE.name).write_text(recipe)
    place = str(folder / "__init__.py")
    return [sys.executable, "-c", SMALL, place, str(SCRIPTS / "cremad_custom2.py"), *arguments]


@dataclass(frozen=True)
class Trained:
    folder: Path
    ran: subprocess.CompletedProcess[str]

    @property
    def out(self) -> Path:
        return self.folder / "cremad_custom2"


def made_mels(folder: Path, *, speakers: int, emotions: tuple[str, ...]) -> None:
    """`folder/wavs` and `folder/cremad_mels`, of a made corpus."""
    rng = np.random.default_rng(3)
    wavs = folder / "wavs"
    wavs.mkdir()
    for file in make_cremad(folder / "corpus", speakers=speakers, sentences=("TSI",), rng=rng):
        if file.stem.split("_")[2] in emotions:
            shutil.copy(file, wavs)
    ran = run(
        "mel_generator.py", "--input_dir", "wavs", "--output_dir", "cremad_mels", "--no_augment", cwd=folder
    )
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """One epoch without further flags, in a folder that holds `cremad_mels`."""
    folder = tmp_path_factory.mktemp("drop-in")
    made_mels(folder, speakers=6, emotions=("ANG", "SAD"))
    return Trained(folder, _run(small_trainer(folder, "--epochs", "1"), folder))


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="folders",
    verdict="equal",
    note="Reads `cremad_mels` and writes `cremad_custom2` without any flag.",
)
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="other files",
    verdict="differs",
    note="`store/` (spectrograms as one array) and `run/` (log, split, ONNX model, report) lie beside.",
)
def test_it_writes_the_files_of_the_original(trained: Trained) -> None:
    assert trained.ran.returncode == 0, trained.ran.stderr
    assert {path.name for path in trained.out.iterdir()} == {*FILES, "store", "run"}
    assert all((trained.out / name).stat().st_size for name in FILES)
    checkpoint = torch.load(trained.out / "best_model.pth", weights_only=True, mmap=True)
    spec = Spec.from_dict(json.loads(checkpoint["spec"]))
    assert spec.front_end == CREMAD_SEED
    assert spec.labels == ("anger", "sadness")
    assert spec.split["name"] == "grouped-6"
    assert checkpoint["epoch"] == 1
    assert (trained.out / "run" / "evaluation" / "report.html").is_file()


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="split",
    verdict="differs",
    note="By speaker: no speaker is in two parts. The original splits by file; `--split file` does that.",
)
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="line printed per epoch",
    verdict="differs",
    note="The same four figures, in other words, and the seconds.",
)
def test_it_splits_by_speaker_and_says_so(trained: Trained) -> None:
    assert "split by speaker" in trained.ran.stdout
    assert "epoch 1/1" in trained.ran.stdout
    split = pd.read_csv(trained.out / "run" / "split.csv", dtype=str)
    speakers = split.groupby("part")["speaker"].agg(set)
    assert set(speakers.index) == {"train", "dev", "test"}
    assert sum(len(group) for group in speakers) == len(set.union(*speakers)) == 6


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="spectrograms as the network takes them",
    verdict="differs",
    note="None is blank. The original turns all but the widest into zeros.",
)
def test_not_one_spectrogram_is_blank(trained: Trained) -> None:
    """The original's trainer turned all but the widest into zeros."""
    store = Store.open(trained.out / "store")
    assert len(store.index) == 12
    for row, frames in enumerate(store.index["frames"]):
        assert store.features(row).shape == (frames, 128)
        assert store.features(row).std() > 1


@pytest.mark.parametrize(("name", "width"), [("best_model.pth", 191), ("model_state_dict.pth", 100)])
def test_the_tester_takes_the_model_at_any_width(trained: Trained, name: str, width: int) -> None:
    arguments = ["--input_dir", "wavs", "--model_path", trained.out / name, "--max_width", width, "--cpu"]
    ran = run(
        "custom2_tester.py", *map(str, arguments), "--output_dir", f"results{width}", cwd=trained.folder
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert "model cremad_custom2" in ran.stdout
    with (trained.folder / f"results{width}" / "classification_results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert tuple(rows[0]) == COLUMNS
    for row in rows:
        assert {row["predicted_class"], row["predicted_class_id"]} in ({"Angry", "0"}, {"Sad", "5"})
        known = [float(row["Angry_confidence"]), float(row["Sad_confidence"])]
        assert sum(known) == pytest.approx(1, abs=1e-5)
        assert row["Happy_confidence"] == ""  # never learnt, so nothing is known of it


@pytest.mark.parametrize("content", ["missing", "empty", "recordings", "both", "unnamed"])
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="a folder without spectrograms",
    verdict="differs",
    note="One sentence and exit code 1, and nothing is written.",
)
def test_nothing_to_train_on_is_one_sentence(tmp_path: Path, content: str) -> None:
    mels = tmp_path / "cremad_mels"
    if content != "missing":
        (mels / "ANG").mkdir(parents=True)
    if content in ("recordings", "both"):
        (mels / "ANG" / "1001_DFA_ANG_XX.wav").write_bytes(b"RIFF")
    if content == "both":
        np.save(mels / "ANG" / "1001_DFA_ANG_XX_original.npy", np.zeros((128, 9), np.float32))
    if content == "unnamed":
        np.save(mels / "ANG" / "hello.npy", np.zeros((128, 9), np.float32))
    ran = run("cremad_custom2.py", cwd=tmp_path)
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "cremad_custom2").exists()


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="training",
    verdict="equal",
    note="40 epochs, batches of 64, weighted sampling, learning rate 1e-3, weight decay 1e-4, halved "
    "after 5 epochs without a better dev accuracy, stopped after 15, seed 42.",
)
def test_the_recipe_is_the_original_training() -> None:
    recipe = load_recipe(RECIPE)
    assert recipe.network.name == "cnn_lstm"
    assert (recipe.data.split, recipe.data.fold) == ("grouped-6", 1)
    training = recipe.training
    assert (training.epochs, training.batch_size, training.sampler) == (40, 64, "balanced")
    assert (training.learning_rate, training.weight_decay) == (1e-3, 1e-4)
    assert (training.schedule, training.plateau_patience, training.early_stopping_patience) == (
        "plateau",
        5,
        15,
    )
    assert (training.monitor, training.checkpoint, training.seeds) == ("dev_accuracy", "best", (42,))
    assert load_recipe(ROOT / "recipes" / RECIPE.name) == recipe


@pytest.mark.parametrize(
    ("speakers", "split", "text"),
    [
        (4, "grouped-4", "split by speaker (grouped-4)"),
        (2, "random-leaky", "a split by speaker needs at least 3"),
    ],
)
def test_a_split_that_fits_few_speakers(tmp_path: Path, speakers: int, split: str, text: str) -> None:
    made_mels(tmp_path, speakers=speakers, emotions=("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"))
    ran = _run(small_trainer(tmp_path, "--epochs", "1"), tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert text in ran.stdout
    assert ("THIS SPLIT LEAKS" in ran.stdout) is (split == "random-leaky")
    checkpoint = torch.load(tmp_path / "cremad_custom2" / "best_model.pth", weights_only=True, mmap=True)
    assert Spec.from_dict(json.loads(checkpoint["spec"])).split["name"] == split


def test_wrong_arguments(tmp_path: Path) -> None:
    assert run("cremad_custom2.py", "--split", "random", cwd=tmp_path).returncode == 2


@pytest.mark.slow
def test_real_clips_with_variants_split_by_file(shared: Path, tmp_path: Path) -> None:
    wavs = shared / "cremad" / "AudioWAV"
    mels, out = tmp_path / "mels", tmp_path / "out"
    ran = run("mel_generator.py", "--input_dir", wavs, "--output_dir", mels, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    (mels / "frontend.json").unlink()  # as the original leaves its folder
    arguments = ["--input_dir", mels, "--output_dir", out, "--epochs", "1", "--split", "file"]
    ran = run("cremad_custom2.py", *arguments, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "THIS SPLIT LEAKS" in ran.stdout
    assert "has no frontend.json" in ran.stdout
    arguments = ["--input_dir", wavs, "--model_path", out / "final_model.pth", "--cpu", "--visualize"]
    ran = run("custom2_tester.py", *arguments, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    results = tmp_path / "classification_results"
    table = pd.read_csv(results / "classification_results.csv")
    assert tuple(table) == COLUMNS
    assert sorted(table["file"]) == sorted(path.name for path in wavs.glob("*.wav"))
    confidences = table[list(COLUMNS[3:])]
    np.testing.assert_allclose(confidences.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(confidences.to_numpy().argmax(1), table["predicted_class_id"])
    assert len(list(results.glob("*_mel.png"))) == len(table)
    checkpoint = torch.load(out / "best_model.pth", weights_only=True, mmap=True)
    assert checkpoint["model_state_dict"]["lstm.weight_ih_l0"].shape == (2048, 8 * 512)  # over time
    shutil.rmtree(out)  # 2.6 GB: the original's files hold the weights four times


@pytest.mark.slow
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="an interrupted training",
    verdict="differs",
    note="Continues at the next epoch. The original starts again.",
)
def test_a_killed_training_goes_on(tmp_path: Path) -> None:
    made_mels(tmp_path, speakers=4, emotions=("ANG", "SAD"))
    command = small_trainer(tmp_path, "--epochs", "3", "--split", "file")
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = next(line for line in process.stdout if line.startswith("epoch 1/3"))
        os.kill(process.pid, signal.SIGKILL)
    out = tmp_path / "cremad_custom2"
    assert not (out / "best_model.pth").exists()
    log = json.loads((out / "run" / "log.jsonl").read_text().splitlines()[0])
    ran = _run(command, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert told in ran.stdout
    lines = [json.loads(line) for line in (out / "run" / "log.jsonl").read_text().splitlines()]
    assert len(lines) == 3
    assert lines[0] == log  # its seconds too: the finished epoch was not trained again
    assert {path.name for path in out.iterdir()} == {*FILES, "store", "run"}
    # A finished one only writes its files anew.
    (out / "best_model.pth").unlink()
    assert _run(command, tmp_path).returncode == 0
    assert (out / "best_model.pth").is_file()
