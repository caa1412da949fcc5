"""The most confident mistakes, with what can be seen and heard of them."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from serenade.audio.logmel import FrontEnd
from serenade.evaluation.worst_errors import PEAK, sound_uri, worst_errors

LABELS = ("anger", "fear", "neutral")
FRONT_END = FrontEnd()


def test_are_wrong_and_in_order_of_confidence(predictions: pd.DataFrame) -> None:
    twice = pd.concat([predictions.assign(seed=0), predictions.assign(seed=1)], ignore_index=True)
    found = worst_errors(twice, LABELS, front_end=FRONT_END, n=5)
    sure = [error.row["confidence"] for error in found]
    assert sure == sorted(sure, reverse=True)
    assert len({error.row["source"] for error in found}) == 5
    assert all(error.row["emotion"] != error.row["predicted"] for error in found)
    assert all(error.scores[0][0] == error.row["predicted"] for error in found)
    wrong = predictions[predictions["emotion"] != predictions["predicted"]]
    assert sure[0] == wrong["confidence"].max()


def test_a_recording_that_is_gone_is_said_to_be(predictions: pd.DataFrame) -> None:
    error = worst_errors(predictions, LABELS, front_end=FRONT_END, n=1)[0]
    assert error.features is None
    assert "no longer where it was" in error.note


def test_of_a_model_that_only_reads_no_recording_is_looked_for(predictions: pd.DataFrame) -> None:
    error = worst_errors(predictions, LABELS, front_end=FRONT_END, hears=False, n=1)[0]
    assert error.features is None
    assert error.note == ""


def test_a_ready_made_spectrogram_has_a_picture_and_no_sound(tmp_path: Path, made) -> None:
    table = made(12, folder=str(tmp_path), suffix=".npy")
    stored = np.random.default_rng(0).normal(-40, 5, (128, 400)).astype(np.float32)
    for file in table["file"]:
        np.save(file, stored)
    error = worst_errors(table, LABELS, front_end=FRONT_END, n=1)[0]
    assert error.sound is None
    assert error.features is not None
    np.testing.assert_array_equal(error.features, stored.T[: round(5 * 16_000 / 256)])


def test_a_recording_has_picture_and_sound_of_its_part(tmp_path: Path, made) -> None:
    table = made(12, folder=str(tmp_path), suffix=".wav").assign(start=1.0, end=3.0)
    tone = np.zeros(16_000 * 4, dtype=np.float32)
    tone[16_000 : 3 * 16_000] = 0.001 * np.sin(np.arange(2 * 16_000) * 0.3)
    for file in table["file"]:
        soundfile.write(file, tone, 16_000)
    error = worst_errors(table, LABELS, front_end=FRONT_END, n=1)[0]
    assert error.sound is not None
    assert len(error.sound) == 2 * 16_000
    assert error.features is not None
    assert error.features.shape == (FRONT_END.frames(2 * 16_000), 128)
    assert worst_errors(table, LABELS, front_end=FRONT_END, audio=False, n=1)[0].sound is None


def test_an_unreadable_recording_is_said_to_be(tmp_path: Path, made) -> None:
    table = made(12, folder=str(tmp_path), suffix=".wav")
    for file in table["file"]:
        Path(file).write_bytes(b"no sound")
    error = worst_errors(table, LABELS, front_end=FRONT_END, n=1)[0]
    assert error.note.startswith("The recording cannot be read")


def test_sound_is_embedded_audibly() -> None:
    quiet = (1e-3 * np.sin(np.arange(16_000) * 0.2)).astype(np.float32)
    head, _, body = sound_uri(quiet, rate_hz=16_000).partition(",")
    assert head == "data:audio/mpeg;base64"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(body)))
    assert rate == 16_000
    assert 0.8 * PEAK < np.abs(samples).max() < 1.0
