from __future__ import annotations

import csv
import io
import os
from dataclasses import replace

import pytest

from serenade.output.formats.csv import write_csv


def rows_of(recordings, layout):
    return list(csv.DictReader(io.StringIO("".join(write_csv(recordings, layout)), newline="")))


def test_a_column_per_label_and_one_for_errors(timeline, failure, layout):
    first, _, silent, *_ = timeline("a b.wav")
    rows = rows_of([[first], [silent], failure("b.txt")], layout())
    assert list(rows[0]) == [
        "file", "start", "end", "emotion", "confidence", "state",
        "score_anger", "score_fear", "score_neutral", "error",
    ]  # fmt: skip
    assert rows[0] == {
        "file": "a b.wav", "start": "0.0", "end": "2.5", "emotion": "anger", "confidence": "0.8000",
        "state": "ok", "score_anger": "0.8000", "score_fear": "0.1000", "score_neutral": "0.1000",
        "error": "",
    }  # fmt: skip
    assert (rows[1]["state"], rows[1]["emotion"], rows[1]["score_anger"]) == ("no_speech", "", "")
    assert (rows[2]["file"], rows[2]["state"], rows[2]["error"]) == (
        "b.txt",
        "error",
        'is "text",\nnot sound',
    )


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A1.wav", "+1.wav", "-1.wav", "@SUM(A1).wav", "\t=1.wav"])
def test_a_name_is_never_a_formula(name, segment, failure, layout):
    for recording in ([segment(0, 1, {"anger": 1.0}, file=name)], failure(name)):
        (row,) = rows_of([recording], layout())
        assert row["file"] == f"'{name}"


def test_numbers_stay_numbers_and_names_are_kept(segment, layout):
    names = ["two\nlines.wav", 'a "b", c.wav', " x.wav", os.fsdecode(b"caf\xe9.wav")]
    rows = rows_of([[segment(0, 1.5, {"anger": 1.0}, file=name)] for name in names], layout())
    assert [row["file"] for row in rows] == [*names[:3], r"caf\xe9.wav"]
    assert {(float(row["end"]), float(row["score_anger"])) for row in rows} == {(1.5, 1.0)}


def test_a_label_is_never_a_formula(segment, layout):
    (row,) = rows_of([[segment(0, 1, {"=1": 1.0})]], layout())
    assert row["emotion"] == "'=1"


def test_a_column_for_the_speaker_if_there_are_any(segment, layout):
    recording = [replace(segment(0, 1, {"anger": 1.0}), speaker="=Ann"), segment(1, 2, {"fear": 1.0})]
    rows = rows_of([recording], layout(has_speakers=True))
    assert [row["speaker"] for row in rows] == ["'=Ann", ""]
    assert "speaker" not in rows_of([recording], layout())[0]
