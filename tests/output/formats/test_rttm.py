from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from serenade.output.formats.rttm import recording_names, write_rttm


def fields_of(recordings, layout):
    return [line.split(" ") for line in "".join(write_rttm(recordings, layout)).splitlines()]


def test_ten_fields_a_line(timeline, failure, layout):
    lines = fields_of([timeline("a b.wav"), failure("b.txt")], layout("a b.wav", "b.txt"))
    assert {len(line) for line in lines} == {10}
    assert lines[0] == ["SPEAKER", "a_b", "1", "0.000", "5.000", "<NA>", "<NA>", "anger", "0.7000", "<NA>"]
    assert [line[7] for line in lines] == ["anger", "unsure", "neutral"]


def test_recordings_of_the_same_stem_stay_apart(timeline, layout):
    files = ["calls/a/1.wav", "calls/b/1.wav"]
    lines = fields_of([timeline(file) for file in files], layout(*files))
    assert [line[1] for line in lines] == ["a_1"] * 3 + ["b_1"] * 3


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["x/1.wav", "y/2.wav"], ["1", "2"]),
        (["1.wav", "1.mp3"], ["1", "1_2"]),
        (["a/1.wav", "b/1.wav", "a_1.wav"], ["a_1", "b_1", "a_1_2"]),
        (["a b/1.wav", "a_b/1.wav"], ["a_b_1", "a_b_1_2"]),
        (["a/1.wav", "a/1_2.wav", "a/1.mp3"], ["1", "1_2", "1_3"]),
        (["a/1.wav", "a/1.mp3", "a/1_2.wav"], ["1", "1_2", "1_2_2"]),
        (["\x1b[1m x.wav", "\n.wav"], [r"\x1b[1m_x", r"\n"]),
        ([], []),
    ],
)
def test_names_are_unique_and_always_the_same(files, names):
    assert list(recording_names(files).values()) == names
    assert recording_names(files) == recording_names(files)


def test_names_are_unique_for_every_mixture():
    parts = ["a", "b", "a_b", "a b"]
    files = [
        f"{'/'.join(path)}{end}" for path in itertools.product(parts, parts) for end in (".wav", "_2.wav")
    ]
    assert len(set(recording_names(files).values())) == len(files)


def test_a_label_with_blanks_stays_one_field(segment, layout):
    (line,) = fields_of([[segment(0, 1, {"very angry": 1.0})]], layout("a b.wav"))
    assert line[7] == "very_angry"


def test_pyannote_reads_it(timeline, segment, layout):
    """The lines are read as pyannote's documentation describes the format, and held by its own classes."""
    core = pytest.importorskip("pyannote.core")
    annotations = {}
    recordings = [timeline("a b.wav"), [replace(segment(0, 1, {"fear": 1.0}, file="b.wav"), speaker="Ann B")]]
    for number, fields in enumerate(fields_of(recordings, layout("a b.wav", "b.wav"))):
        _, uri, _, start, duration, _, _, label, _, _ = fields
        annotation = annotations.setdefault(uri, core.Annotation(uri=uri))
        annotation[core.Segment(float(start), float(start) + float(duration)), number] = label
    assert annotations["a_b"].chart() == [("neutral", 3651.25), ("anger", 5.0), ("unsure", 2.5)]
    assert annotations["b"].labels() == ["Ann_B/fear"]
    written = annotations["a_b"].to_rttm().splitlines()
    ours = fields_of([timeline("a b.wav")], layout("a b.wav"))
    assert [line.split()[:8] for line in written] == [line[:8] for line in ours]
