"""A model is evaluated on recordings as `serenade predict` predicts, without its training clips."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from serenade import load_model
from serenade.audio.decode import decode
from serenade.errors import CorpusError, ModelError
from serenade.evaluation.recordings import evaluate_recordings
from serenade.folders import CorpusClips, ModelFolder, TrainedOn
from serenade.folders.trained_on import short_hash


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serenade.evaluation.evaluate._write_figures", lambda *_: None)
    monkeypatch.setattr("serenade.evaluation.evaluate.write_report", lambda *_, **__: None)


@pytest.fixture
def listed(voices: list[Path], tmp_path: Path) -> Path:
    """A CSV file: twelve voices of four speakers, the last one twice: a part of it, and silence."""
    quiet = tmp_path / "quiet.wav"
    soundfile.write(quiet, np.zeros(16_000), 16_000)
    rows = [
        {"file": str(file), "emotion": ("fear", "anger", "joyful")[number % 3], "speaker": f"s{number % 4}"}
        for number, file in enumerate(voices)
    ]
    rows += [
        {"file": str(voices[-1]), "emotion": "fear", "speaker": "s3", "start": "0.5", "end": "2.5"},
        {"file": str(quiet), "emotion": "fear", "speaker": "s3"},
        {"file": str(tmp_path / "gone.wav"), "emotion": "fear", "speaker": "s2"},
    ]
    file = tmp_path / "voices.csv"
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, ["file", "emotion", "speaker", "start", "end"])
        writer.writeheader()
        writer.writerows(rows)
    return file


def predictions(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "predictions.csv", dtype={"speaker": str}, keep_default_na=False)


def test_predictions_are_those_of_predict(
    listed: Path, model_file: Path, voices: list[Path], tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    done = evaluate_recordings(
        model_file, listed, out=tmp_path / "out", jobs=2, progress=lambda *counts: seen.append(counts)
    )
    table, model = predictions(done.folder), load_model(model_file)
    assert len(table) == 13
    for row in table[table["start"] == ""].itertuples():
        expected = model.predict(row.file)
        assert row.predicted == expected.emotion
        assert row.confidence == pytest.approx(expected.confidence)
    part = table[table["start"] != ""].iloc[0]
    cut = decode(voices[-1], rate_hz=16_000, start_s=0.5, duration_s=2.0).samples
    assert part["confidence"] == pytest.approx(model.predict(cut, rate=16_000).confidence)
    assert done.metrics["unusable"] == {"state no_speech": 1, "state missing": 1}
    assert done.metrics["training_clips"]["known"] is False
    assert seen[-1] == (13, 14)


def trained(model_file: Path, tmp_path: Path, **clips: tuple[str, ...]) -> Path:
    """The model in a folder that says what it was trained on."""
    folder = ModelFolder(tmp_path / "model")
    folder.path.mkdir()
    folder.onnx.write_bytes(model_file.read_bytes())
    folder.write_trained_on(TrainedOn(train={"x": CorpusClips(**clips)}))
    return folder.path


def sound_hash(file: Path) -> str:
    samples = decode(file, rate_hz=16_000).samples
    return short_hash(hashlib.sha256(samples.tobytes()).hexdigest())


def test_speakers_that_it_was_trained_on_are_left_out(
    listed: Path, model_file: Path, voices: list[Path], tmp_path: Path
) -> None:
    """One clip of `s1` was trained on, under the name of another corpus; its sound gives the speaker away."""
    model = trained(model_file, tmp_path, sounds=(sound_hash(voices[1]),))
    done = evaluate_recordings(model, listed, out=tmp_path / "out")
    assert set(predictions(done.folder)["speaker"]) == {"s0", "s2", "s3"}
    (run,) = done.metrics["training_clips"]["runs"]
    assert (run["sound"], run["speaker"], run["found"]) == (1, 2, 3)
    every = evaluate_recordings(model, listed, out=tmp_path / "out", include_training_clips=True)
    assert set(predictions(every.folder)["speaker"]) == {"s0", "s1", "s2", "s3"}
    assert every.metrics["training_clips"]["included"] is True


def test_nothing_but_training_clips_is_refused(
    listed: Path, model_file: Path, voices: list[Path], tmp_path: Path
) -> None:
    model = trained(model_file, tmp_path, sounds=tuple(map(sound_hash, voices)))
    with pytest.raises(CorpusError, match=r"voices\.csv: .*was trained on 15 of its 15 clips.*too high"):
        evaluate_recordings(model, listed, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_default_folder(
    listed: Path, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert evaluate_recordings(model_file, listed).folder == Path("evaluation-voices")
    assert json.loads(Path("evaluation-voices/metrics.json").read_text())["part"] == ""


def test_what_cannot_be_evaluated(listed: Path, toy, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="text"):
        evaluate_recordings(toy.write_toy_text_model(tmp_path / "text.onnx"), listed)
    with pytest.raises(CorpusError, match="no such file or folder"):
        evaluate_recordings(toy.write_toy_model(tmp_path / "toy.onnx"), tmp_path / "nothing")
