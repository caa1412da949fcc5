from __future__ import annotations

from dataclasses import replace

import pytest

from serenade.output.formats.textgrid import write_textgrid


def test_it_covers_the_whole_recording_without_gaps(timeline, layout):
    lines = [line.strip() for line in "".join(write_textgrid([timeline("a.wav")], layout())).splitlines()]
    assert lines[0] == 'File type = "ooTextFile"'
    assert "intervals: size = 4" in lines
    begins = [float(line.split()[-1]) for line in lines if line.startswith("xmin")][2:]
    ends = [float(line.split()[-1]) for line in lines if line.startswith("xmax")][2:]
    assert begins[1:] == ends[:-1]
    assert [line for line in lines if line.startswith("text")][1] == 'text = ""'


def test_a_reader_of_textgrids_reads_it(timeline, segment, layout, tmp_path):
    textgrid = pytest.importorskip("praatio.textgrid")
    file = tmp_path / "a.TextGrid"
    recording = [*timeline("a.wav")[:3], segment(7.5, 9, {'a "b"': 1.0})]
    file.write_text("".join(write_textgrid([recording], layout())), encoding="utf-8")
    tier = textgrid.openTextgrid(str(file), includeEmptyIntervals=True).getTier("emotion")
    assert [(entry.start, entry.end, entry.label) for entry in tier.entries] == [
        (0.0, 5.0, "anger"),
        (5.0, 7.5, ""),
        (7.5, 9.0, 'a "b"'),
    ]


def test_a_tier_for_each_speaker(segment, layout, tmp_path):
    textgrid = pytest.importorskip("praatio.textgrid")
    file = tmp_path / "a.TextGrid"
    recording = [
        replace(segment(0, 1, {"anger": 1.0}), speaker="Ann"),
        replace(segment(1, 2, {"fear": 1.0}), speaker="Bob"),
        segment(2, 3, {}, speech=0.0),
        replace(segment(3, 4, {"fear": 1.0}), speaker="Ann"),
    ]
    file.write_text("".join(write_textgrid([recording], layout())), encoding="utf-8")
    grid = textgrid.openTextgrid(str(file), includeEmptyIntervals=True)
    assert grid.tierNames == ("emotion Ann", "emotion Bob")
    found = [(entry.start, entry.end, entry.label) for entry in grid.getTier("emotion Ann").entries]
    assert found == [(0, 1, "anger"), (1, 3, ""), (3, 4, "fear")]
