"""What every output format promises, tried on every entry of the registry."""

from __future__ import annotations

import contextlib
import os
import re

import pytest

import serenade.output.formats
from serenade.errors import OutputError
from serenade.output.format import FORMATS, Layout, OutputFormat, format_of, known_suffixes, list_formats

BY_NAME = pytest.mark.parametrize("format", FORMATS.entries(), ids=list(FORMATS))


def names_of(recordings):
    return [recording[0].file for recording in recordings]


def write(format, recordings, layout):
    return "".join(format.write(recordings, layout))


@BY_NAME
def test_it_is_complete(format):
    assert FORMATS[format.name] is format
    assert format.about
    assert format.suffixes
    assert all(suffix.startswith(".") for suffix in format.suffixes)


def test_a_suffix_means_one_format():
    suffixes = [suffix.lower() for format in FORMATS.entries() for suffix in format.suffixes]
    assert len(set(suffixes)) == len(suffixes)


@BY_NAME
def test_its_suffixes_choose_it_in_either_case(format):
    for suffix in format.suffixes:
        assert format_of(f"out/x{suffix}") is format
        assert format_of(f"x{suffix.upper()}") is format
    assert format_of("x.other", format.name) is format


@BY_NAME
def test_no_recordings_at_all(format, layout):
    write(format, [], layout())


@BY_NAME
def test_every_name_can_be_written_and_read_as_utf8(format, layout, hostile):
    names = names_of(hostile)
    for recordings in [[recording] for recording in hostile] if format.is_per_recording else [hostile]:
        text = write(format, recordings, layout(*names))
        assert text.encode().decode() == text


@BY_NAME
def test_it_writes_while_predictions_arrive(format, timeline, layout):
    """The predictions of one recording are written before those of the next are made."""

    def recordings():
        yield timeline("a.wav")
        raise InterruptedError

    text = ""
    with contextlib.suppress(InterruptedError):
        for piece in format.write(recordings(), layout("a.wav", "b.wav")):
            text += piece
    assert len(text) > len(write(format, [], layout("a.wav", "b.wav"))) + 20


@pytest.mark.parametrize("name", [name for name in FORMATS if FORMATS[name].is_resumable])
def test_a_resumable_format_writes_each_recording_by_itself(name, layout, hostile):
    """What is written for one recording, without the head, does not depend on the others."""
    format = FORMATS[name]
    its_layout = layout(*names_of(hostile))
    head = write(format, [], its_layout)
    each = [write(format, [recording], its_layout) for recording in hostile]
    assert all(text.startswith(head) for text in each)
    assert head + "".join(text.removeprefix(head) for text in each) == write(format, hostile, its_layout)


@pytest.mark.parametrize("name", sorted({*FORMATS} - {"csv", "audformat"}))
def test_but_for_csv_no_format_holds_escape_codes(name, layout, hostile):
    text = write(FORMATS[name], hostile, layout(*names_of(hostile)))
    assert not any(ord(character) < 32 and character not in "\n\t" for character in text)


def test_the_default_is_a_table(tmp_path):
    assert format_of(None).name == "table"
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert format_of(tmp_path / "pipe").name == "table"
    assert format_of(tmp_path / "pipe.jsonl").name == "jsonl"
    assert format_of("/dev/stdout").name == "table"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.xlsx", r"^x\.xlsx: no output format has the suffix '\.xlsx'; use one of \.audformat, \.csv, "),
        ("answers", "^answers: has no suffix that says the format; use one of "),
    ],
)
def test_an_unknown_suffix_is_refused(name, message):
    with pytest.raises(OutputError, match=message) as error:
        format_of(name)
    assert all(suffix in str(error.value).lower() for suffix in known_suffixes())


def test_a_folder_is_refused_with_the_formats_that_take_one(tmp_path):
    with pytest.raises(
        OutputError, match=r"is a folder; name a file .* \(audacity, elan, srt, textgrid, vtt\) with --format"
    ):
        format_of(tmp_path)


def test_an_unknown_name_is_refused():
    with pytest.raises(OutputError, match="there is no output format 'jsnol'; did you mean 'jsonl'"):
        format_of(None, "jsnol")


@pytest.fixture
def new_module(tmp_path, monkeypatch):
    """A format in a module of its own, in the package of formats for the time of a test."""
    (tmp_path / "shout.py").write_text(
        "from serenade.output.format import FORMATS, OutputFormat\n"
        "def write(recordings, layout):\n"
        "    for recording in recordings:\n"
        "        yield f'{recording[0].emotion.upper()}!\\n'\n"
        "FORMATS.add('shout', OutputFormat(name='shout', about='loud', suffixes=('.shout',), write=write))\n"
    )
    monkeypatch.setattr(
        serenade.output.formats, "__path__", [*serenade.output.formats.__path__, str(tmp_path)]
    )
    monkeypatch.setattr(FORMATS, "_is_loaded", False)
    monkeypatch.setattr(FORMATS, "_entries", dict(FORMATS._entries))
    return tmp_path / "shout.py"


def test_a_new_module_is_all_that_a_format_needs(new_module, segment):
    assert "shout" in list_formats()
    assert isinstance(format_of("x.shout"), OutputFormat)
    assert (
        write(format_of("x.shout"), [[segment(0, 1, {"anger": 1.0})]], Layout(labels=["anger"])) == "ANGER!\n"
    )


@BY_NAME
def test_halves_of_times_are_rounded_up_in_every_format(format, segment):
    """Python rounds 0.0625 to 0.062 and 0.25 to 0.2, so that times of equal steps look unequal."""
    recording = [
        segment(0.0, 0.0625, {"anger": 0.9, "fear": 0.1}),
        segment(0.0625, 0.25, {"fear": 0.9, "anger": 0.1}),
    ]
    text = "".join(format.write([recording], Layout(labels=("anger", "fear"), is_timeline=True)))
    if format.name == "table":
        assert "0:00:00.1  0:00:00.3" in text
    else:
        assert re.search(r"0\.063|00,063|00\.063|0\.0625|\"63\"", text)
        assert not re.search(r"[.,]062\D", text)
