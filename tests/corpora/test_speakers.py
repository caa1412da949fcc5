"""Speakers by folder, file name or column."""

from __future__ import annotations

import pytest

from serenade.corpora import make_split, read_corpora, read_corpus
from serenade.errors import CorpusError

NOTE = "no speakers are known: a split is then random by file"


@pytest.fixture
def folders(touch, tmp_path):
    return touch(
        tmp_path,
        *(
            f"train/{emotion}/{who}/{who}-1.wav"
            for emotion in ("joy", "sad")
            for who in ("anna", "ben", "cy")
        ),
    )


@pytest.mark.parametrize("source", ["folder", "name:^([a-z]+)-", "name:^[a-z]+(?=-)"])
def test_speakers_of_folders_and_names(folders, source):
    table = read_corpus(folders, speakers_from=source)
    assert sorted(set(table["speaker"])) == ["anna", "ben", "cy"]
    assert not any(NOTE in note for note in table.attrs["notes"])
    assert make_split(table, "one-speaker-out", fold=1).n_folds == 3


def test_folders_of_emotions_and_parts_are_no_speakers(touch, tmp_path):
    touch(tmp_path, "train/ben/joy/1.wav", "test/anna/sad/1.wav")
    assert sorted(read_corpus(tmp_path, speakers_from="folder")["speaker"]) == ["anna", "ben"]
    touch(tmp_path / "b", "train/joy/1.wav", "test/sad/1.wav")
    with pytest.raises(CorpusError, match="'folder' gives no speaker for any of 2 clips"):
        read_corpus(tmp_path / "b", speakers_from="folder")


def test_a_column_of_the_manifest(tmp_path):
    file = tmp_path / "m.csv"
    file.write_text("clip,class,Talker,room\na.wav,joy,anna,1\nb.wav,sad,NA,2\n")
    table = read_corpus(file, speakers_from="column:Talker")
    assert table["speaker"].tolist() == ["anna", ""]
    assert any("gives no speaker for 1 of 2 clips" in note for note in table.attrs["notes"])
    with pytest.raises(CorpusError, match=r"no column 'who' .* the columns are file, .*Talker, room"):
        read_corpus(file, speakers_from="column:who")
    file.write_text("clip,class,Actor-ID\na.wav,joy,anna\n")
    assert read_corpus(file, speakers_from="column:Actor-ID")["speaker"].tolist() == ["anna"]


@pytest.mark.parametrize("source", ["", "folders", "name:", "column:", "name", "person:x"])
def test_another_form_is_one_sentence(folders, source):
    with pytest.raises(CorpusError, match='use folder, "name:REGEX" or "column:NAME"'):
        read_corpus(folders, speakers_from=source)


def test_a_wrong_expression_is_one_sentence(folders):
    with pytest.raises(CorpusError, match="is not a regular expression"):
        read_corpus(folders, speakers_from="name:([a-z]+")
    with pytest.raises(CorpusError, match="gives no speaker for any of 6 clips"):
        read_corpus(folders, speakers_from="name:([0-9]{9})")


def test_without_speakers_it_is_said_once_what_that_means(folders, touch, tmp_path):
    assert [NOTE in note for note in read_corpus(folders).attrs["notes"]].count(True) == 1
    touch(tmp_path / "more", "joy/1.wav", "sad/2.wav")
    notes = read_corpora([folders / "train", tmp_path / "more"]).attrs["notes"]
    assert [NOTE in note for note in notes].count(True) == 1


def test_of_several_those_without_speakers_get_them(folders, touch, tmp_path):
    emodb = touch(tmp_path / "emodb", "03a01Wa.wav")
    table = read_corpora([folders / "train", emodb], speakers_from="folder")
    assert sorted(set(table["speaker"])) == ["03", "anna", "ben", "cy"]
    with pytest.raises(CorpusError, match="all of these corpora name their speakers"):
        read_corpora([emodb], speakers_from="folder")
