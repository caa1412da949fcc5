from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serenade.errors import UnsupportedMedia
from serenade.inference.prediction import Failure, ModelName, Prediction, Quality

QUALITY = Quality(
    duration_s=2.54, speech_ratio=0.83, level_dbfs=-23.14, clipped=False, resampled_from_hz=48_000
)
MODEL = ModelName(name="serenade-base", version="1", license="CC-BY-NC-SA-4.0")


def answer(scores, **changes):
    return Prediction.of(
        scores, **{"quality": QUALITY, "model": MODEL, "end": 2.54, "file": "a.wav"} | changes
    )


def test_json_is_the_form_that_must_not_change():
    assert answer({"disgust": 0.09, "anger": 0.81, "fear": 0.1}).to_dict() == {
        "file": "a.wav",
        "start": 0.0,
        "end": 2.54,
        "emotion": "anger",
        "confidence": 0.81,
        "state": "ok",
        "scores": [
            {"label": "anger", "score": 0.81},
            {"label": "fear", "score": 0.1},
            {"label": "disgust", "score": 0.09},
        ],
        "quality": {
            "duration_s": 2.54,
            "speech_ratio": 0.83,
            "level_dbfs": -23.1,
            "clipped": False,
            "resampled_from_hz": 48000,
        },
        "model": {"name": "serenade-base", "version": "1", "license": "CC-BY-NC-SA-4.0"},
    }


@given(st.lists(st.floats(1e-9, 1), min_size=2, max_size=12))
def test_scores_sum_to_one_and_fall(values):
    prediction = answer({f"e{i}": value for i, value in enumerate(values)})
    assert math.fsum(prediction.scores.values()) == pytest.approx(1)
    scores = [entry["score"] for entry in prediction.to_dict()["scores"]]
    assert math.fsum(scores) == pytest.approx(1, abs=1e-12)
    assert scores == sorted(scores, reverse=True)
    assert prediction.to_dict()["scores"][0]["label"] == prediction.emotion
    assert scores[0] == pytest.approx(prediction.confidence, abs=1.01e-4)


def test_below_the_threshold_the_answer_is_unsure_and_still_told():
    prediction = answer({"anger": 0.4, "fear": 0.35, "neutral": 0.25}, unsure_below=0.41)
    assert (prediction.state, prediction.emotion) == ("unsure", "anger")
    assert answer({"anger": 0.5, "fear": 0.5}, unsure_below=0.5).state == "ok"


def test_without_speech_there_is_no_emotion():
    silent = Quality(duration_s=1, speech_ratio=0, level_dbfs=-120.0, clipped=False)
    content = answer({}, quality=silent).to_dict()
    assert content["state"] == "no_speech"
    assert content["emotion"] is None
    assert content["confidence"] is None
    assert content["scores"] == []
    assert content["quality"]["level_dbfs"] == -120.0
    json.dumps(content, allow_nan=False)


def test_a_failure_carries_its_error():
    failure = Failure(file="a.txt", error=UnsupportedMedia("is text", file="a.txt"))
    assert failure.to_dict() == {
        "file": "a.txt",
        "error": {"code": "unsupported_media", "message": "is text", "file": "a.txt"},
    }
