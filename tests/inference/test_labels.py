"""Predictions restricted to some of the labels of a model."""

from __future__ import annotations

import re

import pytest

from serenade import load_model, predict
from serenade.errors import ModelError
from serenade.inference.prediction import restricted


@pytest.fixture(scope="module")
def model(model_file):
    return load_model(model_file)


def test_the_probabilities_of_some_labels_are_divided_by_their_sum(model, voices):
    for file in voices:
        every = model.predict(file).scores
        scores = load_model(model.file, labels=["sadness", "angry"]).predict(file).scores
        total = every["anger"] + every["sadness"]
        assert scores == pytest.approx({label: every[label] / total for label in ("anger", "sadness")})
        assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert predict(voices[0], model=model, labels=["fear", "anger"]).scores.keys() == {"fear", "anger"}


def test_the_threshold_of_unsure_is_compared_with_the_new_confidence(model, voices):
    unsure = [file for file in voices if model.predict(file).state == "unsure"]
    pairs = [model.restricted_to(labels) for labels in (["anger", "fear"], ["neutral", "sadness"])]
    # Of two labels one has at least 0.5, and the threshold is 0.4.
    assert {pair.predict(file).state for pair in pairs for file in unsure or voices} == {"ok"}


def test_a_timeline_and_many_files_are_restricted(model, voices):
    chosen = model.restricted_to(["fear", "neutral"])
    rows = [*chosen.timeline(voices[0]), *chosen.predict_files(voices), *chosen.segments(voices[1])]
    assert {label for row in rows for label in row.scores} == {"fear", "neutral"}
    assert chosen.labels == ("fear", "neutral")
    assert chosen.restricted_to(None).predict(voices[0]).scores == model.predict(voices[0]).scores


def test_a_model_of_text_is_restricted(toy, tmp_path):
    model = load_model(toy.write_toy_text_model(tmp_path / "text.onnx"))
    labels = model.spec.labels[:2]
    assert set(model.restricted_to(labels).predict(text="Oh no!").scores) == set(labels)


def test_probabilities_that_are_all_zero_have_a_sum():
    assert restricted({"anger": 0.0, "fear": 0.0, "calm": 1.0}, ["anger", "fear"]) == {
        "anger": 1e-30,
        "fear": 1e-30,
    }


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["anger", "boredom"], "has no label 'boredom'; it has anger, fear, neutral, sadness"),
        (["anger"], "is restricted to at least two different labels, not anger; it has anger, fear"),
        (["anger", "angry"], "is restricted to at least two different labels, not anger, angry;"),
        ([], "at least two different labels, not none"),
        ([""], "has no label ''"),
        ("anger", "takes a list of labels, not 'anger'"),
    ],
)
def test_labels_that_cannot_be_are_one_sentence(model, labels, message):
    with pytest.raises(ModelError, match=re.escape(message)):
        model.restricted_to(labels)
