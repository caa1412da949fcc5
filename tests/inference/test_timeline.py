from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.inference.aggregate import mean_prediction
from serenade.inference.graph import Graph
from serenade.inference.timeline import timeline

HOP = 8_000  # samples, half a second


@pytest.fixture(scope="module")
def graph(model_file):
    return Graph.load(model_file, threads=1)


def rows_of(graph, sound, *, window=2 * HOP, hop=HOP):
    blocks = [sound[at : at + hop] for at in range(0, len(sound), hop)]
    return list(timeline(graph, blocks, window=window, hop=hop))


def test_each_row_is_the_mean_of_the_windows_over_it(graph, toy):
    sound = toy.voice(2.0) * np.repeat([0.05, 0.4, 0.9, 0.2], HOP).astype(np.float32)
    rows = rows_of(graph, sound)
    windows = graph.probabilities([sound[at : at + 2 * HOP] for at in (0, HOP, 2 * HOP)])
    expected = [windows[0], None, None, windows[2]]
    for row, scores in zip(rows, expected, strict=True):
        if scores is not None:
            assert [row.scores[label] for label in toy.LABELS] == pytest.approx(scores, abs=1e-6)
    middle = [rows[1].scores[label] for label in toy.LABELS]
    assert (middle <= np.maximum(windows[0], windows[1]) + 1e-9).all()
    assert (middle >= np.minimum(windows[0], windows[1]) - 1e-9).all()


@pytest.mark.parametrize(("window", "hop"), [(2, 1), (1, 1), (3, 1), (3, 2), (2.5, 1), (7, 2)])
def test_windows_and_hops_of_any_ratio(graph, toy, window, hop):
    """Each row lies between the extremes of the windows over it, and is the window where there is one."""
    window, hop, n = round(window * HOP), round(hop * HOP), 9 * HOP
    sound = toy.voice(n / 16_000, seed=5)
    rows = rows_of(graph, sound, window=window, hop=hop)
    starts = [at for at in range(0, n, hop) if at == 0 or at - hop + window < n]
    ends = [min(start + window, n) for start in starts]
    scores = graph.probabilities([sound[start:end] for start, end in zip(starts, ends, strict=True)])
    assert len(rows) == -(-n // hop)
    for row in rows:
        start, end = round(row.start * 16_000), round(row.end * 16_000)
        overlap = [max(0, min(end, e) - max(start, s)) for s, e in zip(starts, ends, strict=True)]
        over = scores[np.array(overlap) > 0]
        found = np.array([row.scores[label] for label in toy.LABELS])
        assert (found >= over.min(0) - 1e-6).all()
        assert (found <= over.max(0) + 1e-6).all()
        if len(over) == 1:
            np.testing.assert_allclose(found, over[0], atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(seconds=st.floats(0.2, 5), window=st.integers(4_000, 24_000), share=st.floats(0.3, 1))
def test_rows_follow_each_other_without_gaps(graph, toy, seconds, window, share):
    sound = toy.voice(seconds, seed=3)
    rows = rows_of(graph, sound, window=window, hop=max(4_000, round(share * window)))
    assert rows[0].start == 0
    assert rows[-1].end == pytest.approx(len(sound) / 16_000)
    assert [row.end for row in rows[:-1]] == pytest.approx([row.start for row in rows[1:]])


def test_silence_in_between_has_no_emotion_and_does_not_count(graph, toy):
    speech = toy.voice(1.0, seed=1)
    sound = np.concatenate([speech, np.zeros(4 * HOP, np.float32), speech])
    rows = rows_of(graph, sound)
    assert [row.state for row in rows[2:6]] == ["no_speech"] * 4
    assert all(row.scores for row in (rows[0], rows[-1]))
    whole = mean_prediction(rows, unsure_below=0.0)
    ends = mean_prediction([*rows[:2], *rows[6:]], unsure_below=0.0)
    assert dict(whole.scores) == pytest.approx(dict(ends.scores))
    assert whole.quality.duration_s == pytest.approx(4.0)


def test_only_what_is_needed_is_read_ahead(graph, toy):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield toy.voice(0.5, seed=taken)

    rows = timeline(graph, endless(), window=2 * HOP, hop=HOP)
    for _ in range(100):
        next(rows)
    assert taken <= 103  # one block for the window, one for a short remainder, one to know which is the last


def test_nothing_gives_nothing(graph):
    assert list(timeline(graph, [], window=2 * HOP, hop=HOP)) == []


def test_a_short_remainder_has_no_row_of_its_own(graph, toy):
    """Resampling leaves a few samples over: they belong to the last row."""
    sound = toy.voice(1.0, seed=4)
    remainder = np.zeros(30, np.float32)
    rows = rows_of(graph, np.concatenate([sound, remainder]))
    assert len(rows) == 2
    assert rows[-1].end == pytest.approx((len(sound) + 30) / 16_000)
