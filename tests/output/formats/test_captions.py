from __future__ import annotations

import io
from dataclasses import replace

import pytest

from serenade.output.formats.srt import write_srt
from serenade.output.formats.vtt import write_vtt


def test_vtt(timeline, layout):
    assert "".join(write_vtt([timeline("a.wav")], layout())) == (
        "WEBVTT\n"
        "\n00:00:00.000 --> 00:00:05.000\nanger 70%\n"
        "\n00:00:07.500 --> 00:00:10.000\nanger? 34%\n"
        "\n00:00:10.000 --> 01:01:01.250\nneutral 70%\n"
    )


def test_srt(timeline, layout):
    assert "".join(write_srt([timeline("a.wav")], layout())) == (
        "1\n00:00:00,000 --> 00:00:05,000\nanger 70%\n"
        "\n2\n00:00:07,500 --> 00:00:10,000\nanger? 34%\n"
        "\n3\n00:00:10,000 --> 01:01:01,250\nneutral 70%\n"
    )


def test_a_reader_of_captions_reads_them(timeline, layout):
    webvtt = pytest.importorskip("webvtt")
    for write, read in ((write_vtt, "vtt"), (write_srt, "srt")):
        text = "".join(write([timeline("a.wav")], layout()))
        captions = webvtt.from_buffer(io.StringIO(text), format=read)
        assert [(caption.start, caption.end, caption.text) for caption in captions] == [
            ("00:00:00.000", "00:00:05.000", "anger 70%"),
            ("00:00:07.500", "00:00:10.000", "anger? 34%"),
            ("00:00:10.000", "01:01:01.250", "neutral 70%"),
        ]


def test_a_label_cannot_break_a_caption(segment, layout):
    recording = [segment(0, 1, {"a<b & c\n-->": 1.0})]
    assert "".join(write_vtt([recording], layout())).splitlines()[3] == r"a&lt;b &amp; c\n--&gt; 100%"
    assert "".join(write_srt([recording], layout())).splitlines()[2] == r"a<b & c\n--> 100%"


def test_captions_name_the_speaker(segment, layout):
    webvtt = pytest.importorskip("webvtt")
    recording = [
        replace(segment(0, 1, {"anger": 1.0}), speaker="Ann"),
        replace(segment(1, 2, {"anger": 1.0}), speaker="Bob"),
    ]
    captions = webvtt.from_string("".join(write_vtt([recording], layout())))
    assert [(caption.voice, caption.text) for caption in captions] == [
        ("Ann", "anger 100%"),
        ("Bob", "anger 100%"),
    ]
    assert "\nAnn: anger 100%\n" in "".join(write_srt([recording], layout()))
