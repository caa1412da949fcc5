from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.inference.model import load_model
from serenade.inference.summary import summary
from serenade.inference.timeline import timeline

HALF = 8_000  # samples of half a window at 16 kHz


@pytest.fixture(scope="module")
def model(model_file):
    return load_model(model_file, threads=1)


def halves(sound):
    return [sound[at : at + HALF] for at in range(0, len(sound), HALF)]


def test_each_stretch_is_the_mean_of_the_two_windows_over_it(model, toy):
    sound = toy.voice(2.0) * np.repeat([0.05, 0.4, 0.9, 0.2], HALF).astype(np.float32)
    stretches = list(timeline(model, halves(sound)))
    windows = model.probabilities([sound[at : at + 2 * HALF] for at in (0, HALF, 2 * HALF)])
    expected = [windows[0], None, None, windows[2]]
    for stretch, scores in zip(stretches, expected, strict=True):
        if scores is not None:
            assert [stretch.scores[label] for label in toy.LABELS] == pytest.approx(scores, abs=1e-6)
    middle = [stretches[1].scores[label] for label in toy.LABELS]
    assert (middle <= np.maximum(windows[0], windows[1]) + 1e-9).all()
    assert (middle >= np.minimum(windows[0], windows[1]) - 1e-9).all()


@settings(max_examples=15, deadline=None)
@given(seconds=st.floats(0.2, 5))
def test_stretches_follow_each_other_without_gaps(model, toy, seconds):
    sound = toy.voice(seconds, seed=3)
    stretches = list(timeline(model, halves(sound)))
    assert stretches[0].start == 0
    assert stretches[-1].end == pytest.approx(len(sound) / 16_000)
    assert [s.end for s in stretches[:-1]] == [s.start for s in stretches[1:]]


def test_silence_in_between_has_no_emotion_and_does_not_count(model, toy):
    spoken = toy.voice(1.0, seed=1)
    sound = np.concatenate([spoken, np.zeros(4 * HALF, np.float32), spoken])
    stretches = list(timeline(model, halves(sound)))
    assert [s.state for s in stretches[2:6]] == ["no_speech"] * 4
    assert all(s.scores for s in (stretches[0], stretches[-1]))
    whole = summary(stretches, unsure_below=0.0)
    ends = summary([*stretches[:2], *stretches[6:]], unsure_below=0.0)
    assert dict(whole.scores) == pytest.approx(dict(ends.scores))
    assert whole.quality.duration_s == pytest.approx(4.0)


def test_only_what_is_needed_is_read_ahead(model, toy):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield toy.voice(0.5, seed=taken)

    stream = timeline(model, endless())
    for _ in range(100):
        next(stream)
    assert taken <= 102  # one half for the window, one to see that no crumb follows


def test_nothing_gives_nothing(model):
    assert list(timeline(model, [])) == []


def test_a_last_crumb_has_no_row_of_its_own(model, toy):
    """Resampling leaves a few samples over: they belong to the last stretch."""
    sound = toy.voice(1.0, seed=4)
    crumb = np.zeros(30, np.float32)
    rows = list(timeline(model, [*halves(sound), crumb]))
    assert len(rows) == 2
    assert rows[-1].end == pytest.approx((len(sound) + 30) / 16_000)
