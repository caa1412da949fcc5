from __future__ import annotations

import json
import os

import pytest

from serenade.output.formats.json import write_json
from serenade.output.formats.jsonl import write_jsonl


def test_an_array_whatever_the_number(timeline, failure, layout):
    first = timeline("a.wav")[0]
    assert json.loads("".join(write_json([], layout()))) == []
    assert json.loads("".join(write_json([[first]], layout()))) == [first.to_dict()]
    content = json.loads("".join(write_json([timeline("a.wav"), failure("b.txt")], layout())))
    assert len(content) == 6
    assert content[-1]["error"]["code"] == "unsupported_media"


def test_json_lines_are_one_object_each(timeline, failure, layout):
    lines = "".join(write_jsonl([timeline("a\n\nb.wav"), failure("b.txt")], layout())).splitlines()
    assert [json.loads(line)["file"] for line in lines] == ["a\n\nb.wav"] * 5 + ["b.txt"]


@pytest.mark.parametrize("write", [write_json, write_jsonl])
def test_no_lone_surrogates_which_many_readers_refuse(write, failure, layout):
    text = "".join(write([failure(os.fsdecode(b"caf\xe9.wav"))], layout()))
    assert r"caf\\xe9.wav" in text
    assert "\\ud" not in text


@pytest.mark.parametrize("write", [write_json, write_jsonl])
def test_a_terminal_without_unicode_gets_valid_json(write, failure, layout):
    text = "".join(write([failure("é 🙂.wav")], layout(encoding="ascii")))
    content = json.loads(text.encode("ascii"))
    assert (content[0] if isinstance(content, list) else content)["file"] == "é 🙂.wav"
