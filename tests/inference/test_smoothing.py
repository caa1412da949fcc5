from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from serenade.inference.prediction import ModelName, Prediction, Quality
from serenade.inference.smoothing import posterior, smoothed

QUALITY = Quality(duration_s=1.0, speech_ratio=1.0, level_dbfs=-20.0, clipped=False)
MODEL = ModelName(name="toy", version="1", license="MIT")


def row(at, anger, speaker=None):
    scores = {} if anger is None else {"anger": anger, "fear": 1 - anger}
    return Prediction.of(scores, quality=QUALITY, model=MODEL, start=at, end=at + 1, speaker=speaker)


@pytest.mark.parametrize("states", [2, 3, 4])
def test_the_posterior_is_the_sum_over_all_paths(states):
    rng = np.random.default_rng(states)
    scores = rng.dirichlet(np.ones(states), size=5)
    stay, expected = 0.7, np.zeros((5, states))
    for path in itertools.product(range(states), repeat=5):
        steps = [stay if a == b else (1 - stay) / (states - 1) for a, b in itertools.pairwise(path)]
        weight = np.prod(steps) * np.prod([scores[at, state] for at, state in enumerate(path)])
        expected[range(5), path] += weight
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(posterior(scores, stay=stay), expected, atol=1e-9)


def test_a_single_deviation_goes_and_a_change_stays():
    rows = [row(at, anger) for at, anger in enumerate([0.8, 0.8, 0.4, 0.8, 0.1, 0.1, 0.1])]
    assert [r.emotion for r in smoothed(rows, persistence=0.6)] == ["anger"] * 4 + ["fear"] * 3


def test_silence_stays_and_speakers_do_not_mix():
    rows = [row(0, 0.9, "Ann"), row(1, 0.4, "Bob"), row(2, None), row(3, 0.9, "Ann"), row(4, 0.4, "Bob")]
    result = smoothed(rows)
    assert [r.emotion for r in result] == ["anger", "fear", None, "anger", "fear"]
    assert result[2] == rows[2]
    assert [(r.start, r.end, r.speaker) for r in result] == [(r.start, r.end, r.speaker) for r in rows]


def test_a_state_follows_from_the_smoothed_scores():
    (alone,) = smoothed([replace(row(0, 0.6), state="ok")], unsure_below=0.7)
    assert alone.state == "unsure"
    assert {
        r.state for r in smoothed([row(at, 0.6) for at in range(9)], persistence=0.6, unsure_below=0.7)
    } == {"ok"}
