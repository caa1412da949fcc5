"""A model that is adapted to a speaker by clips without labels."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from serenade import load_model
from serenade.errors import ModelError, UnsupportedMedia


@pytest.fixture(scope="module")
def model(toy, tmp_path_factory):
    return load_model(toy.write_toy_adapted_model(tmp_path_factory.mktemp("adapted") / "model.onnx"))


@pytest.fixture(scope="module")
def speaker(toy, tmp_path_factory):
    """Clips of a speaker who is recorded quietly; those with an even number are anger."""
    return toy.write_speaker(tmp_path_factory.mktemp("speaker"))


def emotions(model, files):
    return [model.predict(file).emotion for file in files]


def test_predictions_are_corrected_for_the_speaker(model, speaker):
    assert emotions(model, speaker) == ["neutral"] * 8
    adapted = model.enrol(speaker)
    assert emotions(adapted, speaker) == ["anger", "neutral"] * 4
    prediction = adapted.predict(speaker[0])
    assert prediction.adaptation > 0.9
    assert prediction.to_dict()["adaptation"] == pytest.approx(prediction.adaptation, abs=5e-4)
    assert sum(prediction.scores.values()) == pytest.approx(1)
    assert model.predict(speaker[0]).adaptation is None
    assert "adaptation" not in model.predict(speaker[0]).to_dict()


def test_the_order_and_the_form_of_the_clips_change_nothing(model, speaker, toy):
    expected = model.enrol(speaker).predict(speaker[0])
    assert model.enrol(reversed(speaker)).predict(speaker[0]) == expected
    assert model.enrol([file.read_bytes() for file in speaker]).predict(speaker[0]) == expected
    arrays = [toy.voice(1.2, level=0.08 / (6 if n % 2 else 1), seed=n) for n in range(8)]
    found = model.enrol(arrays, rate=16_000).predict(speaker[0])
    assert dict(found.scores) == pytest.approx(dict(expected.scores), abs=1e-3)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_clips_change_nothing(model, speaker, n):
    found, expected = model.enrol(speaker[:n]).predict(speaker[0]), model.predict(speaker[0])
    assert found.scores == expected.scores
    assert found.adaptation == 0


def test_clips_without_speech_are_skipped(model, speaker):
    silence = np.zeros(16_000, np.int16)
    waves = [silence] * 5
    assert model.enrol(waves, rate=16_000).predict(speaker[0]).adaptation == 0


def test_a_long_recording_is_many_clips(model, toy, tmp_path):
    loud = [toy.voice(10, level=0.08 / (6 if n % 2 else 1), seed=n) for n in range(4)]
    soundfile.write(tmp_path / "long.wav", np.concatenate(loud), 16_000)
    adapted = model.enrol([tmp_path / "long.wav"])
    rows = list(adapted.timeline(tmp_path / "long.wav"))
    assert {row.emotion for row in rows} == {"anger", "neutral"}
    whole = adapted.predict(tmp_path / "long.wav")
    assert whole.adaptation == pytest.approx(rows[0].adaptation)
    assert whole.adaptation > 0.5


def test_enrolling_again_starts_from_the_model(model, speaker):
    twice = model.enrol(speaker).enrol(speaker)
    assert twice.predict(speaker[0]) == model.enrol(speaker).predict(speaker[0])


def test_a_model_without_an_adaptation_says_so(model_file, speaker):
    with pytest.raises(ModelError, match="has no speaker adaptation"):
        load_model(model_file).enrol(speaker)


def test_a_clip_that_is_no_sound_is_named(model, tmp_path):
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(UnsupportedMedia, match=r"a\.txt"):
        model.enrol([tmp_path / "a.txt"])
    with pytest.raises(UnsupportedMedia, match="pass a list of files"):
        model.enrol("a.wav")
