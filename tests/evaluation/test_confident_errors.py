"""The most confident errors, with spectrogram and sound."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from serenade.audio.logmel import FrontEnd
from serenade.evaluation.confident_errors import PEAK, confident_errors, sound_uri

LABELS = ("anger", "fear", "neutral")
FRONT_END = FrontEnd()


def test_are_wrong_and_in_order_of_confidence(predictions: pd.DataFrame) -> None:
    twice = pd.concat([predictions.assign(seed=0), predictions.assign(seed=1)], ignore_index=True)
    errors = confident_errors(twice, LABELS, front_end=FRONT_END, n=5)
    confidences = [error.row["confidence"] for error in errors]
    assert confidences == sorted(confidences, reverse=True)
    assert len({error.row["source"] for error in errors}) == 5
    assert all(error.row["emotion"] != error.row["predicted"] for error in errors)
    assert all(error.scores[0][0] == error.row["predicted"] for error in errors)
    wrong = predictions[predictions["emotion"] != predictions["predicted"]]
    assert confidences[0] == wrong["confidence"].max()


def test_a_missing_recording_is_noted(predictions: pd.DataFrame) -> None:
    error = confident_errors(predictions, LABELS, front_end=FRONT_END, n=1)[0]
    assert error.level_db is None
    assert "was not found" in error.note


def test_the_recordings_of_a_text_model_are_not_read(predictions: pd.DataFrame) -> None:
    error = confident_errors(predictions, LABELS, front_end=FRONT_END, takes_sound=False, n=1)[0]
    assert error.level_db is None
    assert error.note == ""


def test_a_corpus_of_spectrograms_has_no_sound(tmp_path: Path, synthetic) -> None:
    table = synthetic(12, folder=str(tmp_path), suffix=".npy")
    stored = np.random.default_rng(0).uniform(-80, 0, (128, 400)).astype(np.float32)
    for file in table["file"]:
        np.save(file, stored)
    error = confident_errors(table, LABELS, front_end=FRONT_END, n=1)[0]
    assert error.samples is None
    assert error.level_db is not None
    np.testing.assert_array_equal(error.level_db, stored.T[: round(5 * 16_000 / 256)])


def test_a_segment_of_a_recording(tmp_path: Path, synthetic) -> None:
    table = synthetic(12, folder=str(tmp_path), suffix=".wav").assign(start=1.0, end=3.0)
    tone = np.zeros(16_000 * 4, dtype=np.float32)
    tone[16_000 : 3 * 16_000] = 0.001 * np.sin(np.arange(2 * 16_000) * 0.3)
    for file in table["file"]:
        soundfile.write(file, tone, 16_000)
    error = confident_errors(table, LABELS, front_end=FRONT_END, n=1)[0]
    assert error.samples is not None
    assert len(error.samples) == 2 * 16_000
    assert error.level_db is not None
    assert error.level_db.shape == (FRONT_END.frames(2 * 16_000), 128)


def test_an_unreadable_recording_is_noted(tmp_path: Path, synthetic) -> None:
    table = synthetic(12, folder=str(tmp_path), suffix=".wav")
    for file in table["file"]:
        Path(file).write_bytes(b"no sound")
    error = confident_errors(table, LABELS, front_end=FRONT_END, n=1)[0]
    assert error.note.startswith("The recording cannot be read")


def test_sound_is_embedded_audibly() -> None:
    quiet = (1e-3 * np.sin(np.arange(16_000) * 0.2)).astype(np.float32)
    head, _, body = sound_uri(quiet, rate_hz=16_000).partition(",")
    assert head == "data:audio/mpeg;base64"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(body)))
    assert rate == 16_000
    assert 0.8 * PEAK < np.abs(samples).max() < 1.0


def test_a_damaged_spectrogram_is_noted(tmp_path: Path, synthetic) -> None:
    table = synthetic(12, folder=str(tmp_path), suffix=".npy")
    for file in table["file"]:
        np.save(file, np.zeros(3))
    error = confident_errors(table, LABELS, front_end=FRONT_END, n=1)[0]
    assert error.note.startswith("The recording cannot be read")


def test_sound_at_a_rate_that_mp3_lacks_is_embedded_as_wav() -> None:
    head, _, body = sound_uri(np.ones(5000, dtype=np.float32), rate_hz=10_000).partition(",")
    assert head == "data:audio/wav;base64"
    assert soundfile.read(io.BytesIO(base64.b64decode(body)))[1] == 10_000
