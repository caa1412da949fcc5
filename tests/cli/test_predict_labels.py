"""The option `--labels` of `serenade predict`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from serenade.inference.adaptation import fit_adaptation

LABELS = ["--labels", "sadness,fear"]


@pytest.fixture(scope="module")
def model(toy, tmp_path_factory):
    return toy.write_toy_model(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture
def calls(toy, tmp_path):
    for number, name in enumerate(("ann/1.wav", "ann/2.wav", "bob/1.wav")):
        toy.write_voice(tmp_path / "calls" / name, 1.0 + number, seed=number, level=0.1 + 0.3 * number)
    toy.write_voice(tmp_path / "calls" / "long.wav", 24.0, seed=5)
    return tmp_path / "calls"


def labels_of(stdout):
    rows = [json.loads(line) for line in stdout.splitlines()]
    return {score["label"] for row in rows for score in row["scores"]}, len(rows)


def test_every_kind_of_output_is_restricted(serenade, calls, model, tmp_path):
    for options, rows in ([["--timeline"], 12], [[], 4], [["--jobs", "2"], 4]):
        out = serenade("predict", calls, "--model", model, *LABELS, *options, "--format", "jsonl").stdout
        found, count = labels_of(out)
        assert found == {"fear", "sadness"}
        assert count >= rows
    head = serenade("predict", calls, "--model", model, *LABELS, "--format", "csv").stdout.splitlines()[0]
    assert "score_fear" in head
    assert "score_anger" not in head


def test_recordings_of_speakers_are_restricted_after_adaptation(serenade, toy, tmp_path):
    logits = (
        4 * np.eye(4)[np.arange(48) % 4] + np.random.default_rng(0).normal(size=(6, 4))[np.arange(48) // 8]
    )
    spec = toy.toy_spec(adaptation=fit_adaptation(logits, np.arange(48) % 4, np.arange(48) // 8))
    model = toy.write_toy_model(tmp_path / "model.onnx", spec)
    toy.write_speaker(tmp_path / "calls" / "ann")
    command = ("predict", tmp_path / "calls", "--model", model, "--speakers", "folder", "--format", "jsonl")
    assert labels_of(serenade(*command).stdout) == (set(spec.labels), 8)
    assert labels_of(serenade(*command, *LABELS).stdout) == ({"fear", "sadness"}, 8)


def test_other_labels_are_another_run(serenade, calls, model, tmp_path):
    out = tmp_path / "calls.csv"
    serenade("predict", calls, "--model", model, *LABELS, "--out", out)
    assert "complete already" in serenade("predict", calls, "--model", model, *LABELS, "--out", out).stderr
    assert "labels" in serenade("predict", calls, "--model", model, "--out", out).stderr


def test_an_unknown_label_names_those_of_the_model(serenade, calls, model):
    result = serenade("predict", calls, "--model", model, "--labels", "fear,joyous")
    assert "has no label 'joyous'; it has anger, fear, neutral, sadness" in result.stderr
    assert (result.status, result.stdout) == (1, "")


def test_a_precision_makes_predictions_unsure(serenade, toy, voices, tmp_path):
    file = toy.write_toy_model(tmp_path / "model.onnx")
    states = {}
    for precision in ("0.8", "0.9"):
        ran = serenade("predict", voices[0], "--model", file, "--format", "json", "--precision", precision)
        states[precision] = json.loads(ran.stdout)[0]["state"]
    assert states == {"0.8": "ok", "0.9": "unsure"}
    refused = serenade("predict", voices[0], "--model", file, "--precision", "0.95")
    assert "reaches a precision of 90% on held-out speakers, not 95%" in refused.stderr
    assert refused.is_one_sentence()
