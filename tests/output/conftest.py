"""Predictions that every writer is tried on."""

from __future__ import annotations

import os

import pytest

from serenade.errors import UnsupportedMedia
from serenade.inference.prediction import Failure, ModelName, Prediction, Quality
from serenade.output.format import Layout

LABELS = ("anger", "fear", "neutral")
MODEL = ModelName(name="toy", version="1", license="MIT")
ANGRY = {"anger": 0.8, "fear": 0.1, "neutral": 0.1}
CALM = {"anger": 0.1, "fear": 0.2, "neutral": 0.7}
TORN = {"anger": 0.34, "fear": 0.33, "neutral": 0.33}
HOSTILE_NAMES = (
    "=1+1.wav",
    "@x.wav",
    "-x.wav",
    "two\nlines\n\n.wav",
    'quote "x", comma.wav',
    "\x1b[31mred.wav",
    os.fsdecode(b"caf\xe9.wav"),
    "emoji 🙂.wav",
    "x" * 251 + ".wav",
)


def segment_of(start, end, scores, *, file="a b.wav", speech=1.0, unsure_below=0.4):
    quality = Quality(duration_s=end - start, speech_ratio=speech, level_dbfs=-20.0, clipped=False)
    return Prediction.of(
        scores, quality=quality, model=MODEL, start=start, end=end, file=file, unsure_below=unsure_below
    )


def timeline_of(file):
    return [
        segment_of(0.0, 2.5, ANGRY, file=file),
        segment_of(2.5, 5.0, ANGRY | {"anger": 0.6, "fear": 0.3}, file=file),
        segment_of(5.0, 7.5, {}, speech=0.0, file=file),
        segment_of(7.5, 10.0, TORN, file=file),
        segment_of(10.0, 3661.25, CALM, file=file),
    ]


def failure_of(file):
    return [Failure(file=file, error=UnsupportedMedia('is "text",\nnot sound', file=file))]


@pytest.fixture
def segment():
    """Makes one segment."""
    return segment_of


@pytest.fixture
def timeline():
    """Makes the timeline of a recording: two of anger, silence, an unsure segment, a long neutral one."""
    return timeline_of


@pytest.fixture
def failure():
    """Makes what stands for a recording that cannot be read."""
    return failure_of


@pytest.fixture
def layout():
    """Makes a layout for the recordings with these names."""

    def make(*files, **options):
        return Layout(labels=LABELS, files=files, is_timeline=True, **options)

    return make


@pytest.fixture
def hostile():
    """Recordings with every kind of difficult name, some of which failed."""
    return [
        failure_of(name) if number % 3 == 2 else timeline_of(name)
        for number, name in enumerate(HOSTILE_NAMES)
    ]
