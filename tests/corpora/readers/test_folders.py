"""A folder per emotion."""

from __future__ import annotations

import os

import pytest

from serenade.corpora import read_corpus
from serenade.errors import CorpusError


def test_a_folder_per_class(touch, tmp_path):
    table = read_corpus(touch(tmp_path, "train/Happy/1.wav", "test/sad/1.flac", "test/sad/f/2.wav"))
    assert table["emotion"].tolist() == ["sadness", "sadness", "happiness"]
    assert table["split"].tolist() == ["test", "test", "train"]
    assert table["source"].tolist() == ["test/sad/1", "test/sad/f/2", "train/Happy/1"]
    assert table["corpus"].unique().tolist() == [tmp_path.name]
    assert (table["speaker"] == "").all()


@pytest.mark.parametrize(
    ("folders", "labels"),
    [
        (("Wut", "Freude", "Trauer", "ruhig"), ["happiness", "sadness", "anger", "calm"]),
        (("rabbia", "gioia", "tristezza"), ["happiness", "anger", "sadness"]),
        (("Wut", "Freude", "beleidigt"), ["freude", "wut", "beleidigt"]),
    ],
)
def test_all_folders_are_mapped_or_none(touch, tmp_path, folders, labels):
    table = read_corpus(touch(tmp_path, *(f"{folder}/1.wav" for folder in folders)))
    assert table["emotion"].tolist() == labels
    assert any(note.startswith("labels are ") for note in table.attrs["notes"])


def test_a_folder_on_another_level_is_no_label(touch, tmp_path):
    table = read_corpus(touch(tmp_path, "a/happy/1.wav", "a/happy/2.wav", "b/sad/1.wav", "noise.wav"))
    assert sorted(table["emotion"]) == ["", "happiness", "happiness", "sadness"]
    assert "1 recording in no emotion's folder: unlabelled (noise.wav)" in table.attrs["notes"]


def test_other_files_are_counted(touch, tmp_path):
    table = read_corpus(
        touch(tmp_path, "happy/1.wav", "happy/1.txt", "sad/2.wav", "sad/2.TXT", "sad/read.me")
    )
    assert "3 other files skipped (2 .txt, 1 .me)" in table.attrs["notes"]


def test_folders_that_name_no_emotion(touch, tmp_path):
    with pytest.raises(CorpusError, match="contains no recordings"):
        read_corpus(tmp_path, "folders")
    touch(tmp_path, "monday/x.wav")
    with pytest.raises(CorpusError, match="named after an emotion"):
        read_corpus(tmp_path, "folders")


def test_linked_folders_are_read(touch, tmp_path):
    touch(tmp_path, "real/a.wav", "corpus/sadness/b.wav")
    (tmp_path / "corpus" / "anger").symlink_to("../real")
    assert sorted(read_corpus(tmp_path / "corpus")["emotion"]) == ["anger", "sadness"]
    (tmp_path / "corpus" / "anger2").symlink_to("../corpus")
    assert len(read_corpus(tmp_path / "corpus")) == 2


def test_a_name_that_is_not_utf8_is_read(tmp_path):
    (tmp_path / "joy").mkdir()
    with open(os.fsencode(tmp_path / "joy") + b"/caf\xe9.wav", "wb"):
        pass
    (tmp_path / "joy" / "ok.wav").touch()
    table = read_corpus(tmp_path)
    assert sorted(table["source"]) == ["joy/caf\\xe9", "joy/ok"]
    assert all(os.path.exists(file) for file in table["file"])
    assert table.drop(columns="file").to_csv().encode()
