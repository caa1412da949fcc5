from __future__ import annotations

from dataclasses import replace

import pytest

from serenade.output.formats.elan import write_elan


@pytest.fixture
def read(tmp_path):
    """Reads what is written, with pympi."""
    elan = pytest.importorskip("pympi.Elan")

    def read_recording(recording, layout):
        file = tmp_path / "a.eaf"
        file.write_text("".join(write_elan([recording], layout)), encoding="utf-8")
        return elan.Eaf(str(file))

    return read_recording


def test_a_reader_of_elan_reads_it(timeline, layout, read):
    document = read(timeline("a.wav"), layout())
    assert list(document.get_tier_names()) == ["emotion"]
    assert [entry[:3] for entry in sorted(document.get_annotation_data_for_tier("emotion"))] == [
        (0, 5000, "anger 70%"),
        (7500, 10000, "anger? 34%"),
        (10000, 3661250, "neutral 70%"),
    ]
    (media,) = document.media_descriptors
    assert (media["MEDIA_URL"], media["MIME_TYPE"]) == ("a.wav", "audio/x-wav")


def test_a_tier_for_each_speaker_and_names_that_xml_would_mistake(segment, layout, read):
    recording = [
        replace(segment(0, 1, {"a<b": 1.0}), speaker='Ann & "B"'),
        replace(segment(1, 2, {"fear": 1.0}), speaker="Bob"),
        segment(2, 3, {"fear": 1.0}),
    ]
    document = read(recording, layout())
    assert sorted(document.get_tier_names()) == ["emotion", 'emotion Ann & "B"', "emotion Bob"]
    assert [entry[:3] for entry in document.get_annotation_data_for_tier('emotion Ann & "B"')] == [
        (0, 1000, "a<b 100%")
    ]


def test_a_recording_without_speech_has_an_empty_tier(segment, layout, read):
    document = read([segment(0, 1, {}, speech=0.0)], layout())
    assert document.get_annotation_data_for_tier("emotion") == []
