from __future__ import annotations

import dataclasses

import pytest

from serenade.output.counts import PredictionCounts, RecordingCounts


@pytest.fixture
def resampled(segment):
    one = segment(0, 1, {"anger": 1.0}, file="r.wav")
    quality = dataclasses.replace(one.quality, resampled_from_hz=8000)
    return [dataclasses.replace(one, quality=quality)]


def test_a_timeline_counts_recordings_and_segments(timeline, failure, resampled):
    counts = PredictionCounts(rate_hz=16_000, is_timeline=True)
    recordings = [timeline("a.wav"), timeline("b.wav"), failure("c.txt"), resampled]
    assert list(counts.counted(recordings)) == recordings
    assert str(counts) == (
        "3 recordings predicted in 11 segments (2 unsure, 2 without speech), 1 resampled to 16000 Hz, "
        "1 not readable"
    )
    assert counts.failed == {"c.txt": 'is "text",\nnot sound'}


def test_whole_recordings(timeline, failure):
    first, _, silent, torn, _ = timeline("a.wav")
    counts = PredictionCounts(rate_hz=16_000)
    list(counts.counted([[first], [silent], [torn], failure("c.txt")]))
    assert str(counts) == "3 recordings predicted, 1 unsure, 1 without speech, 1 not readable"


def test_nothing_and_one_of_another_unit(failure):
    counts = PredictionCounts(rate_hz=16_000, is_timeline=True)
    list(counts.counted([failure("c.txt")]))
    assert str(counts) == "nothing predicted, 1 not readable"
    counts = PredictionCounts(rate_hz=16_000, unit="utterance")
    counts.add("a", RecordingCounts(segments=1))
    assert str(counts) == "1 utterance predicted"


def test_the_counts_of_an_earlier_run_are_included_and_named():
    counts = PredictionCounts(rate_hz=16_000, is_timeline=True)
    counts.add("a.wav", RecordingCounts(segments=800, unsure=3), is_earlier=True)
    counts.add("b.wav", RecordingCounts(segments=200))
    assert str(counts) == "2 recordings predicted in 1,000 segments (3 unsure), 1 of these by an earlier run"
