"""RAVDESS."""

from __future__ import annotations

import pytest

from serenade.corpora import read_corpus
from serenade.errors import CorpusError


def test_names(touch, tmp_path):
    touch(tmp_path, "Actor_12/03-01-05-02-01-02-12.wav", "Actor_01/03-01-01-01-02-01-01.wav")
    first, last = read_corpus(tmp_path).to_dict("records")
    fields = ("emotion", "speaker", "sex", "level", "repetition")
    assert [first[field] for field in fields] == ["neutral", "01", "male", "normal", 1]
    assert [last[field] for field in fields] == ["anger", "12", "female", "strong", 2]
    assert last["text"] == "Kids are talking by the door."


def test_songs_and_second_copies_are_skipped_and_counted(touch, tmp_path):
    touch(tmp_path, "a/03-01-05-01-01-01-01.wav", "b/03-01-05-01-01-01-01.wav", "03-02-05-01-01-01-01.wav")
    table = read_corpus(tmp_path, "ravdess")
    assert len(table) == 1
    assert [note.split()[0] for note in table.attrs["notes"]] == ["1", "1"]
    for file in tmp_path.rglob("03-01*"):
        file.unlink()
    with pytest.raises(CorpusError, match="contains only songs or video without sound"):
        read_corpus(tmp_path, "ravdess")
