"""Corpora of one's own."""

from __future__ import annotations

import math

import pytest

from serenade.corpora import read_corpus
from serenade.errors import CorpusError


def write(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("m.csv", "file,emotion,speaker,sex", "a/x.wav,anger,Ann,F"),
        ("m.csv", "Path;Label;Spk;Gender", "a/x.wav;ANG;Ann;female"),
        ("m.tsv", "wav\tclass\tactor-id\tgender", "a/x.wav\tAngry\tAnn\tw"),
        ("m.csv", '"File Name","emo","Speaker ID","Sex"', '"a/x.wav","rabbia","Ann","Female"'),
        ("m.csv", "\ufefffilename,category,subject,gender", "a/x.wav,mad,Ann,f"),
    ],
)
def test_columns_have_many_names(tmp_path, name, header, row):
    table = read_corpus(write(tmp_path / name, f"{header}\n{row}\n"))
    found = table.iloc[0]
    assert found["file"] == str(tmp_path / "a" / "x.wav")
    assert (found["emotion"], found["speaker"], found["sex"]) == ("anger", "Ann", "female")
    assert (found["source"], found["corpus"]) == ("a/x", "m")


def test_further_columns_are_kept_and_rows_may_lack_a_label(tmp_path):
    manifest = write(
        tmp_path / "m.csv", "file,emotion,room,emotion_anger\nx.wav,,kitchen,0.25\ny.wav,joy,hall,0\n"
    )
    table = read_corpus(manifest)
    assert table["emotion"].tolist() == ["", "happiness"]
    assert table["room"].tolist() == ["kitchen", "hall"]
    assert any("speakers" in note for note in table.attrs["notes"])


def test_absolute_paths_stay_as_they_are(tmp_path):
    table = read_corpus(write(tmp_path / "m.csv", "file,emotion\n/far/away/x.wav,joy\n"))
    assert table["file"].tolist() == ["/far/away/x.wav"]


def test_audformat_segments(tmp_path):
    manifest = write(
        tmp_path / "db.emotion.csv",
        "file,start,end,emotion\n"
        "x.wav,0 days 00:00:00,0 days 00:00:01.500000,happy\n"
        "x.wav,0 days 00:00:01.500000,NaT,sad\n",
    )
    table = read_corpus(manifest)
    assert table["start"].tolist() == [0.0, 1.5]
    assert table["end"][0] == 1.5
    assert math.isnan(table["end"][1])
    assert table["source"].tolist() == ["x", "x"]


def test_plain_seconds_and_a_time_that_is_none(tmp_path):
    assert read_corpus(write(tmp_path / "m.csv", "file,onset,stop\nx.wav,1.25,2\n"))["end"].tolist() == [2.0]
    with pytest.raises(CorpusError, match="'soon' is neither seconds"):
        read_corpus(write(tmp_path / "n.csv", "file,start\nx.wav,soon\n"))


def test_a_folder_with_a_manifest_is_read_by_it(tmp_path):
    write(tmp_path / "list.csv", "file,label\nx.wav,fear\n")
    write(tmp_path / "notes.csv", "when,what\n1,2\n")
    assert read_corpus(tmp_path)["emotion"].tolist() == ["fear"]
    write(tmp_path / "more.tsv", "file\tlabel\nx.wav\tfear\n")
    with pytest.raises(CorpusError, match=r"holds 2 manifests \(list\.csv"):
        read_corpus(tmp_path)


def test_a_folder_per_class(tmp_path):
    for name in ("train/Happy/1.wav", "test/sad/1.flac", "test/sad/f/2.wav"):
        write(tmp_path / name, "")
    table = read_corpus(tmp_path)
    assert table["emotion"].tolist() == ["sadness", "sadness", "happiness"]
    assert table["split"].tolist() == ["test", "test", "train"]
    assert table["source"].tolist() == ["test/sad/1", "test/sad/f/2", "train/Happy/1"]
    assert table["corpus"].unique().tolist() == [tmp_path.name]
    assert (table["speaker"] == "").all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read as a CSV"),
        ("file,emotion\n", "lists no recording"),
        ("name,feeling\nx.wav,joy\n", r"no column that names the recordings \(columns: name, feeling\)"),
        ("file,emotion\nx.wav,3\n", "labels that are no names: 3; write them by name"),
        ("file,emotion,label\nx.wav,joy,joy\n", "two columns that mean 'emotion'"),
    ],
)
def test_a_bad_manifest_says_why(tmp_path, text, says):
    with pytest.raises(CorpusError, match=says):
        read_corpus(write(tmp_path / "m.csv", text))


def test_labels_of_its_own_are_kept_and_told(tmp_path):
    manifest = write(tmp_path / "m.csv", "file,emotion\nx.wav,Mildly stressed\ny.wav,joy\n")
    table = read_corpus(manifest)
    assert table["emotion"].tolist() == ["mildly_stressed", "happiness"]
    assert "labels of its own, kept as they are: mildly_stressed" in table.attrs["notes"]


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "m.csv").write_bytes(b"file,emotion\n\xff\xfe\x00.wav,joy\n")
    with pytest.raises(CorpusError, match="save it as CSV in UTF-8"):
        read_corpus(tmp_path / "m.csv")


def test_folders_without_classes(tmp_path):
    with pytest.raises(CorpusError, match="no sound files"):
        read_corpus(tmp_path, "manifest")
    write(tmp_path / "monday" / "x.wav", "")
    with pytest.raises(CorpusError, match="named after an emotion"):
        read_corpus(tmp_path, "manifest")
