"""The drop-in tester, run as people run it, on models that were made here."""

from __future__ import annotations

import csv
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import soundfile
import torch

from serenade.audio.logmel import FrontEnd, log_mel, normalize
from serenade.networks import create_network
from serenade.networks.registry import Network
from serenade.originals.cremad.weights import CLASSES, SPEC_KEY, spec_text
from serenade.spec import Spec

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "custom2_tester.py"
COLUMNS = (
    "file,predicted_class,predicted_class_id,Angry_confidence,Disgust_confidence,Fear_confidence,"
    "Happy_confidence,Neutral_confidence,Sad_confidence"
)
FRONT_END = FrontEnd(rate_hz=8000, n_fft=512, hop=128, n_mels=40, fmax_hz=4000, normalize="band")


def classify(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def rows_of(out: Path) -> dict[str, dict[str, str]]:
    with (out / "classification_results.csv").open(newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


@pytest.fixture
def wavs(tmp_path: Path) -> Path:
    """Two sounds, one of them of another rate, one silent, one that is none; and what is not asked for."""
    folder = tmp_path / "wavs"
    (folder / "deeper").mkdir(parents=True)
    rng = np.random.default_rng(0)
    soundfile.write(folder / "a.wav", 0.1 * rng.normal(size=9000), 8000)
    soundfile.write(folder / "B.WAV", 0.1 * rng.normal(size=(30_000, 2)), 16_000)
    soundfile.write(folder / "silent.wav", np.zeros(8000), 8000)
    (folder / "broken.wav").write_text("no sound")
    (folder / "._a.wav").write_bytes(b"AppleDouble")
    (folder / "notes.txt").write_text("notes")
    soundfile.write(folder / "deeper" / "c.wav", 0.1 * rng.normal(size=8000), 8000)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Network, Spec]:
    """A checkpoint of ours with a small network, a front end of its own and a temperature."""
    file = tmp_path_factory.mktemp("model") / "best_model.pth"
    torch.manual_seed(1)
    network = create_network("compact", n_mels=40, n_classes=6).eval()
    spec = Spec(name="small", labels=tuple(CLASSES), front_end=FRONT_END, network="compact", temperature=0.5)
    torch.save({"model_state_dict": network.state_dict(), SPEC_KEY: spec_text(spec)}, file)
    return file, network, spec


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A bare state_dict of the original layout."""
    file = tmp_path_factory.mktemp("published") / "model_state_dict.pth"
    torch.manual_seed(0)
    torch.save(create_network("cnn_lstm.original", n_mels=128, n_classes=6).state_dict(), file)
    yield file
    file.unlink()


@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="files",
    verdict="equal",
    note="`classification_results.csv`, `confidence_distribution.png` and, with `--visualize`, "
    "`{stem}_mel.png`, in `classification_results` by default.",
)
@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="columns of `classification_results.csv`",
    verdict="equal",
    note="file, predicted_class, predicted_class_id, Angry_confidence … Sad_confidence.",
)
@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="order of the rows",
    verdict="differs",
    note="By name. The original has the order of the file system.",
)
@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="confidences of a model of serenade",
    verdict="differs",
    note="Divided by the temperature of the model, with its own front end instead of a fixed 16 kHz; the "
    "predicted class is the same.",
)
@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="table printed",
    verdict="equal",
    note="Emotion, Count, Percentage.",
)
def test_the_table_and_the_figures(wavs: Path, small: tuple[Path, Network, Spec], tmp_path: Path) -> None:
    file, network, _ = small
    arguments = ["--input_dir", wavs, "--model_path", file, "--max_width", "70", "--cpu", "--visualize"]
    ran = classify(*arguments, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    out = tmp_path / "classification_results"  # the original's default
    names = {"classification_results.csv", "confidence_distribution.png", "a_mel.png", "B_mel.png"}
    assert {path.name for path in out.iterdir()} == names
    assert (out / "classification_results.csv").read_text().splitlines()[0] == COLUMNS
    rows = rows_of(out)
    assert list(rows) == ["B.WAV", "a.wav", "broken.wav", "silent.wav"]

    # The front end of training, the whole clip normalised, then cut; the temperature of the Spec.
    samples = soundfile.read(wavs / "a.wav", dtype="float32")[0]
    heard = normalize(log_mel(samples, FRONT_END), FRONT_END)[:70]
    assert len(heard) == 70
    with torch.inference_mode():
        logits = network(torch.from_numpy(heard.T.copy())[None], torch.tensor([70]))
    expected = (logits / 0.5).softmax(-1)[0].numpy()
    said = [float(rows["a.wav"][f"{name}_confidence"]) for name in CLASSES.values()]
    np.testing.assert_allclose(said, expected, atol=1e-5)
    best = int(expected.argmax())
    assert rows["a.wav"]["predicted_class_id"] == str(best)
    assert rows["a.wav"]["predicted_class"] == list(CLASSES.values())[best]

    assert "2 of 4 files longer than --max_width" in ran.stdout
    assert "1 of 4 files resampled" in ran.stdout
    for word in ("Emotion", "Count", "Percentage", "Angry", "%"):
        assert word in ran.stdout


@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="unreadable and silent files",
    verdict="differs",
    note="Not classified: empty cells, a line on stderr, counted. The original classifies zeros.",
)
def test_nothing_is_guessed(wavs: Path, small: tuple[Path, Network, Spec], tmp_path: Path) -> None:
    ran = classify("--input_dir", wavs, "--model_path", small[0], "--output_dir", tmp_path / "out")
    assert ran.returncode == 0
    assert "2 of 4 files not classified" in ran.stdout
    for name in ("broken.wav", "silent.wav"):
        assert name in ran.stderr
        assert set(rows_of(tmp_path / "out")[name].values()) == {name, ""}
    for file in ("a.wav", "B.WAV"):
        (wavs / file).unlink()
    ran = classify("--input_dir", wavs, "--model_path", small[0], "--output_dir", tmp_path / "none")
    assert ran.returncode == 1
    assert "none of 2 .wav files can be classified" in ran.stderr
    assert [path.name for path in (tmp_path / "none").iterdir()] == ["classification_results.csv"]


def test_a_published_state_dict_is_told(wavs: Path, published: Path, tmp_path: Path) -> None:
    ran = classify("--input_dir", wavs, "--model_path", published, "--output_dir", tmp_path / "out", "--cpu")
    assert ran.returncode == 0, ran.stderr
    assert "has no Spec" in ran.stdout
    assert "cnn_lstm.original" in ran.stdout
    assert "original front end" in ran.stdout
    assert rows_of(tmp_path / "out")["a.wav"]["predicted_class"] in CLASSES.values()


@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="confidences of weights of the original",
    verdict="equal",
    note="librosa at 16 kHz, z-score of the clip, zeros up to `--max_width`, softmax: within 1e-4, "
    "also for a file of 24 kHz and one that is cut.",
)
def test_published_weights_give_the_published_confidences(published: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    network = create_network("cnn_lstm.original", n_mels=128, n_classes=6).eval()
    network.load_state_dict(torch.load(published, weights_only=True))
    (tmp_path / "in").mkdir()
    expected = {}
    for name, seconds, rate_hz in (
        ("short.wav", 1.3, 16_000),
        ("long.wav", 6.5, 16_000),
        ("b.wav", 2, 24_000),
    ):
        tone = np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate_hz)) / rate_hz)
        soundfile.write(tmp_path / "in" / name, 0.1 * tone + 0.01 * rng.normal(size=tone.size), rate_hz)
        samples, _ = librosa.load(tmp_path / "in" / name, sr=16_000)
        mel = librosa.feature.melspectrogram(y=samples, sr=16_000, n_fft=2048, hop_length=512, n_mels=128)
        levels = librosa.power_to_db(mel, ref=np.max)
        levels = ((levels - levels.mean()) / levels.std())[:, :191]
        padded = np.zeros((1, 128, 191), np.float32)
        padded[0, :, : levels.shape[1]] = levels
        with torch.inference_mode():
            expected[name] = network(torch.from_numpy(padded), torch.tensor([191])).softmax(-1)[0].numpy()
    ran = classify(
        "--input_dir", tmp_path / "in", "--model_path", published, "--output_dir", tmp_path, "--cpu"
    )
    assert ran.returncode == 0, ran.stderr
    for name, row in rows_of(tmp_path).items():
        confidences = [float(row[f"{emotion}_confidence"]) for emotion in CLASSES.values()]
        np.testing.assert_allclose(confidences, expected[name], atol=1e-4)


@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="padding of the first and last frames",
    verdict="differs",
    note="An option: `--padding reflect` is that of the generator. Without it zeros, as in the original.",
)
def test_the_padding_of_the_generator_is_an_option(wavs: Path, published: Path, tmp_path: Path) -> None:
    """Zeros, as in the original tester, unless reflections are chosen; the scores differ."""
    scores = {}
    for padding in ("zeros", "reflect"):
        arguments = ["--input_dir", wavs, "--model_path", published, "--output_dir", tmp_path / padding]
        ran = classify(*arguments, "--cpu", *(() if padding == "zeros" else ("--padding", "reflect")))
        assert ran.returncode == 0, ran.stderr
        assert f"ends padded with {'zeros' if padding == 'zeros' else 'reflections'}" in ran.stdout
        scores[padding] = rows_of(tmp_path / padding)["a.wav"]
    assert scores["zeros"] != scores["reflect"]


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.write_text, (self.mark, "ran"))


@pytest.mark.parametrize("content", ["no folder", "empty folder", "text as model", "code in the model"])
@pytest.mark.fidelity(
    system="custom2_tester.py",
    output="an empty folder",
    verdict="differs",
    note="One sentence and exit code 1. The original ends with a traceback.",
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, content: str) -> None:
    folder, model, mark = tmp_path / "in", tmp_path / "model.pth", tmp_path / "mark"
    model.write_text("I am no model")
    if content != "no folder":
        folder.mkdir()
    if "model" in content:
        soundfile.write(folder / "a.wav", np.full(8000, 0.1), 8000)
    if content == "code in the model":
        model.write_bytes(pickle.dumps(Trap(mark)))
    ran = classify("--input_dir", folder, "--model_path", model, "--output_dir", tmp_path / "out")
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert not mark.exists()
    assert not (tmp_path / "out").exists()


def test_wrong_arguments() -> None:
    assert classify("--input_dir", "a", "--model_path", "b", "--max_width", "0").returncode == 2
