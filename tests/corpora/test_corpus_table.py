"""The corpus table."""

from __future__ import annotations

import math

import pytest

from serenade.corpora.corpus_table import COLUMNS, new_table, source_of
from serenade.errors import CorpusError


def test_every_column_is_there_in_order_and_extras_follow():
    table = new_table([{"age": 3, "file": "a.wav"}])
    assert list(table.columns) == [*COLUMNS, "age"]
    assert math.isnan(table["start"][0])
    assert table["speaker"][0] == ""


def test_rows_are_sorted_by_file_and_start():
    table = new_table([{"file": "b", "start": 0}, {"file": "a", "start": 2.5}, {"file": "a", "start": 1}])
    assert table["file"].tolist() == ["a", "a", "b"]
    assert table["start"].tolist() == [1.0, 2.5, 0.0]
    assert table.index.tolist() == [0, 1, 2]


@pytest.mark.parametrize("empty", [None, float("nan"), "", "NaN", "none"])
def test_a_missing_label_is_an_empty_string(empty):
    assert new_table([{"file": "a", "emotion": empty}])["emotion"][0] == ""


@pytest.mark.parametrize(("label", "own"), [("meh", False), ("3", False), ("3", True)])
def test_an_unknown_label_is_named_with_its_file(label, own):
    with pytest.raises(CorpusError, match=rf"a\.wav.*'{label}'"):
        new_table([{"file": "a.wav", "emotion": label}], own_labels=own)


@pytest.mark.parametrize("label", ["joy\nfear", "jo\x07y", "joy\x1b[31m", "jo\u200by", "jo\u2028y"])
def test_a_label_with_a_hidden_character_is_refused_in_any_corpus(label):
    """Also where a folder has this name."""
    shown = label.encode("unicode_escape").decode()
    with pytest.raises(CorpusError) as caught:
        new_table([{"file": "a.wav", "emotion": label}], own_labels=True)
    assert caught.value.message == (
        f"the label '{shown}' contains a control character or an invisible one; correct it"
    )


def test_own_labels_are_kept():
    table = new_table([{"file": "a.wav", "emotion": "Meh"}], own_labels=True)
    assert table["emotion"].tolist() == ["meh"]


@pytest.mark.parametrize("rows", [[], [{"emotion": "anger"}]])
def test_no_clips_is_an_error(rows):
    with pytest.raises(CorpusError, match="there are no clips"):
        new_table(rows)


def test_files_of_one_name_have_different_sources():
    rows = [{"file": "/d/x/a.wav"}, {"file": "/d/y/a.wav"}]
    for root in ("/d", None):
        assert new_table(rows, root=root)["source"].tolist() == ["x/a", "y/a"]
    assert source_of("/elsewhere/a.wav", "/d") == "../elsewhere/a"


def test_only_the_suffix_of_a_recording_is_no_part_of_its_source():
    assert source_of("/d/take.1.WAV", "/d") == "take.1"
    assert source_of("/d/take.1", "/d") == "take.1"
