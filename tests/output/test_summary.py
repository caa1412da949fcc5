from __future__ import annotations

from dataclasses import replace

import pytest

from serenade.output.summary import summaries_of


def test_shares_are_of_the_time_with_speech_and_changes_are_counted(segment):
    rows = [
        segment(0, 3, {"anger": 1.0}),
        segment(3, 4, {"fear": 0.3, "anger": 0.2}),
        segment(4, 6, {}, speech=0.0),
        segment(6, 8, {"anger": 1.0}, speech=0.5),
        segment(8, 9, {"fear": 1.0}),
    ]
    (summary,) = summaries_of(rows)
    assert summary.shares == pytest.approx({"anger": 4 / 6, "fear": 2 / 6})
    assert summary.speech_s == pytest.approx(6)
    assert summary.unsure == 0
    assert summary.transitions == {("anger", "fear"): 2, ("fear", "anger"): 1}
    assert "3 changes, most often anger to fear (2)" in str(summary)


def test_each_speaker_has_their_own(segment):
    rows = [
        replace(segment(at, at + 1, {name: 1.0}), speaker=who)
        for at, (who, name) in enumerate([("Ann", "anger"), ("Bob", "fear"), ("Ann", "anger")])
    ]
    ann, bob = summaries_of(rows)
    assert (ann.speaker, ann.segments, bob.speaker, bob.segments) == ("Ann", 2, "Bob", 1)
    assert not ann.transitions
    assert ann.to_dict()["shares"] == {"anger": 1.0}


def test_silence_has_no_summary(segment):
    assert summaries_of([segment(0, 1, {}, speech=0.0)]) == []
