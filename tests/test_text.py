from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serenade.errors import UnsupportedMedia
from serenade.text import printable, spreadsheet_text, valid_unicode

ANY_TEXT = st.text(st.characters())  # surrogates and control characters too


@given(ANY_TEXT)
def test_printable_text_has_no_control_characters_and_fits_into_utf8(text):
    shown = printable(text)
    shown.encode()
    hidden = {
        unicodedata.category(character) for character in shown.replace("\u200c", "").replace("\u200d", "")
    }
    assert not hidden & {"Cc", "Cs", "Cf", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b.wav", "a b.wav"),
        ("été 🙂 日本.wav", "été 🙂 日本.wav"),
        ("👩‍🚒.wav", "👩‍🚒.wav"),
        ("a\u3000b\xa0c", "a\u3000b\xa0c"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("two\nlines\t\r", r"two\nlines\t\r"),
        ("\x9b31m", r"\x9b31m"),
        ("gpj\u202ewav", r"gpj\u202ewav"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
    ],
)
def test_printable(name, shown):
    assert printable(name) == shown


def test_a_message_is_printable_and_its_json_holds_the_name_itself():
    error = UnsupportedMedia("is \x1b[2J empty", file="a\n.wav")
    assert str(error) == r"a\n.wav: is \x1b[2J empty"
    assert error.to_dict()["error"]["file"] == "a\n.wav"


@given(ANY_TEXT)
def test_valid_unicode_fits_into_utf8_and_leaves_valid_text_alone(text):
    valid = valid_unicode(text)
    assert valid.encode().decode() == valid
    assert valid_unicode(valid) == valid


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_as_a_formula(start):
    assert spreadsheet_text(f"{start}cmd.wav") == f"'{start}cmd.wav"


def test_other_cells_stay():
    assert [spreadsheet_text(text) for text in ("", "a-b", " =1", "anger")] == ["", "a-b", " =1", "anger"]
