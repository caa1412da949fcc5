"""Manifests."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from serenade.corpora import check_corpus, check_split, make_split, read_corpus
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
        ("m.csv", "clip,class,speaker,sex", "a/x.wav,angry,Ann,f"),
        ("m.csv", "audio_file,target,participant,sex", "a/x.wav,angry,Ann,f"),
        ("m.csv", "recording,emotion_label,spkid,sex", "a/x.wav,angry,Ann,f"),
    ],
)
def test_columns_may_have_other_names(tmp_path, name, header, row):
    table = read_corpus(write(tmp_path / name, f"{header}\n{row}\n"))
    found = table.iloc[0]
    assert found["file"] == str(tmp_path / "a" / "x.wav")
    assert (found["emotion"], found["speaker"], found["sex"]) == ("anger", "Ann", "female")
    assert (found["source"], found["corpus"]) == ("a/x", tmp_path.name)


def test_other_columns_are_kept_and_rows_may_lack_a_label(tmp_path):
    manifest = write(
        tmp_path / "m.csv", "file,emotion,room,emotion_anger\nx.wav,,kitchen,0.25\ny.wav,joy,hall,0\n"
    )
    table = read_corpus(manifest)
    assert table["emotion"].tolist() == ["", "happiness"]
    assert table["room"].tolist() == ["kitchen", "hall"]
    assert any("no speakers are known" in note for note in table.attrs["notes"])


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


def test_plain_seconds_and_text_that_is_no_time(tmp_path):
    assert read_corpus(write(tmp_path / "m.csv", "file,onset,stop\nx.wav,1.25,2\n"))["end"].tolist() == [2.0]
    with pytest.raises(CorpusError, match="'soon' is neither seconds"):
        read_corpus(write(tmp_path / "n.csv", "file,start\nx.wav,soon\n"))


def test_a_folder_with_a_manifest_is_read_by_it(tmp_path):
    write(tmp_path / "list.csv", "file,label\nx.wav,fear\n")
    write(tmp_path / "notes.csv", "when,what\n1,2\n")
    assert read_corpus(tmp_path)["emotion"].tolist() == ["fear"]
    write(tmp_path / "more.tsv", "file\tlabel\nx.wav\tfear\n")
    with pytest.raises(CorpusError, match=r"contains 2 manifests \(list\.csv, more\.tsv"):
        read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; write a header line"),
        ("file,emotion\n", "lists no recording"),
        (
            "name,feeling\nx.wav,joy\n",
            r"no column that names the recordings \(its columns are name, feeling\)",
        ),
        (
            "file,class\nx.wav,3\n",
            r"the column `class` has labels that are not names \(3\); write them by name",
        ),
        ("file,emotion,Label\nx.wav,joy,joy\n", "the columns `emotion` and `Label` both mean emotion"),
    ],
)
def test_a_bad_manifest_is_one_sentence(tmp_path, text, message):
    with pytest.raises(CorpusError, match=message):
        read_corpus(write(tmp_path / "m.csv", text))


@pytest.mark.parametrize(
    ("labels", "expected", "note"),
    [
        (("Mildly stressed", "joy"), ["mildly_stressed", "joy"], "labels are kept as they are, since Mildly"),
        (("Wut", "ruhig"), ["anger", "calm"], "labels are read as: Wut → anger, ruhig → calm"),
        (("tristesse", "NA"), ["sadness", ""], "labels are read as: tristesse → sadness"),
    ],
)
def test_all_labels_are_mapped_or_none(tmp_path, labels, expected, note):
    manifest = write(tmp_path / "m.csv", f"file,emotion\nx.wav,{labels[0]}\ny.wav,{labels[1]}\n")
    table = read_corpus(manifest)
    assert table["emotion"].tolist() == expected
    assert any(line.startswith(note) for line in table.attrs["notes"])


def test_bytes_that_are_not_utf8(tmp_path):
    (tmp_path / "m.csv").write_bytes(b"file,emotion\n\xff\xfe\x00.wav,joy\n")
    with pytest.raises(CorpusError, match="save it as CSV in UTF-8"):
        read_corpus(tmp_path / "m.csv")


def test_a_nul_character_in_a_name_is_one_sentence(tmp_path):
    (tmp_path / "m.csv").write_bytes(b"file,emotion\nrec/0\x001.wav,joy\n")
    with pytest.raises(CorpusError, match="NUL character"):
        read_corpus(tmp_path / "m.csv")


MISSING = ("NA", "N/A", "nan", "NaN", "None", "null", "NULL", "", " none ", "#N/A", "n.a.", "<NA>")
MISSING += ("#NA", "<none>", "unknown", "Undefined", "missing", "\u2014", "N/A\u200b")


@pytest.mark.parametrize("missing", MISSING)
def test_missing_values_are_no_labels_and_no_speakers(tmp_path, missing):
    """Issue 18, 2.3."""
    manifest = write(
        tmp_path / "m.csv",
        "file,class,speaker,sex,language,split\n"
        f"x.wav,{missing},{missing},{missing},{missing},{missing}\n"
        "y.wav,joy,anna,f,de,test\n",
    )
    table = read_corpus(manifest)
    for column, value in (
        ("emotion", "happiness"),
        ("speaker", "anna"),
        ("language", "de"),
        ("split", "test"),
    ):
        assert table[column].tolist() == ["", value], column
    assert table["sex"].tolist() == ["", "female"]
    notes = table.attrs["notes"]
    spelled = f'"{missing.strip()}" (1)' if missing.strip() else "empty (1)"
    for column in ("`class` (emotion)", "`speaker`", "`sex`", "`language`", "`split`"):
        assert f"column {column} has no value in 1 of 2 rows: {spelled}" in notes
    check = check_corpus(table)
    assert check.unlabelled == check.without_speaker == (str(tmp_path / "x.wav"),)
    assert check.speakers == {"anna": 1}


def test_missing_times_and_sources_and_files(tmp_path):
    manifest = write(
        tmp_path / "m.csv", "file,emotion,start,end,source\nx.wav,joy,NA,null,NA\nNA,joy,0,1,a\n"
    )
    table = read_corpus(manifest)
    assert table["source"].tolist() == ["x"]
    assert math.isnan(table["start"][0])
    assert "1 row without a recording: skipped" in table.attrs["notes"]


def test_files_outside_the_folder_have_sources_of_their_own(tmp_path):
    """Issue 18, 2.4: several folders have a file 001.wav."""
    rows = [f"{tmp_path}/rec/spk{who}/001.wav,joy,{who}" for who in range(4)]
    absolute = read_corpus(
        write(tmp_path / "lists" / "a.csv", "file,emotion,speaker\n" + "\n".join(rows) + "\n")
    )
    assert absolute["source"].is_unique
    assert absolute["source"][0] == "rec/spk0/001"
    split = make_split(absolute, "one-speaker-out", fold=1)
    check_split(absolute, split)
    relative = [f"../rec/spk{who}/001.wav,joy,{who}" for who in range(4)]
    again = read_corpus(
        write(tmp_path / "lists" / "b.csv", "file,emotion,speaker\n" + "\n".join(relative) + "\n")
    )
    assert make_split(again, "one-speaker-out", fold=1).hash == split.hash


def test_one_file_in_two_spellings_is_one_source(tmp_path):
    table = read_corpus(write(tmp_path / "m.csv", "file,emotion\nrec/x.wav,joy\nrec/../rec/./x.wav,joy\n"))
    assert table["source"].tolist() == ["rec/x", "rec/x"]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        (r"rec\spk 1\001.wav", "."),
        (r"..\rec\spk 1\001.wav", "lists"),
        (r"C:\Users\me\corpus\rec\spk 1\001.wav", "."),
        (r"D:\rec\spk 1\001.wav", "lists"),
        (r"\\server\share\corpus\rec\spk 1\001.wav", "lists/deep"),
    ],
)
def test_windows_paths_are_resolved(tmp_path, name, folder):
    """Issue 18, 2.8."""
    write(tmp_path / "rec" / "spk 1" / "001.wav", "")
    table = read_corpus(write(tmp_path / folder / "m.csv", f"file,emotion\n{name},joy\n"))
    assert Path(table["file"][0]).samefile(tmp_path / "rec" / "spk 1" / "001.wav")
    assert any(note.startswith("1 Windows path resolved") for note in table.attrs["notes"])


def test_a_windows_path_to_a_missing_file_is_missing(tmp_path):
    table = read_corpus(write(tmp_path / "m.csv", "file,emotion\nC:\\rec\\gone.wav,joy\n"))
    assert check_corpus(table).missing == (str(tmp_path / "rec" / "gone.wav"),)


def test_a_backslash_in_a_name_is_kept(tmp_path):
    write(tmp_path / "a\\b.wav", "")
    table = read_corpus(write(tmp_path / "m.csv", "file,emotion\na\\b.wav,joy\n"))
    assert table["file"].tolist() == [str(tmp_path / "a\\b.wav")]


def test_names_that_are_not_utf8_can_be_written(tmp_path):
    """As messages show them, and as the index of a store holds them."""
    name = os.fsdecode(b"caf\xe9.wav")
    (tmp_path / "rec").mkdir()
    (tmp_path / "rec" / name).touch()
    rows = [r"rec/caf\xe9.wav", "file:rec/caf%E9.wav", f"file:{tmp_path}/rec/caf%E9.wav"]
    rows += [f"file://{tmp_path}/rec/caf%E9.wav", r"rec\caf\xe9.wav"]
    table = read_corpus(write(tmp_path / "m.csv", "file,emotion\n" + "".join(f"{row},joy\n" for row in rows)))
    assert check_corpus(table).missing == (str(tmp_path / "rec" / "caf" / "xe9.wav"),)
    assert [
        os.path.samefile(file, tmp_path / "rec" / name) for file in table["file"] if "xe9" not in file
    ] == [True] * 4


def test_spellings_of_one_corpus_are_one(tmp_path):
    rows = "x.wav,joy,1,One\ny.wav,joy,01, one\nz.wav,joy,1,two\n"
    table = read_corpus(write(tmp_path / "m.csv", f"file,emotion,speaker,corpus\n{rows}"))
    assert table["corpus"].tolist() == ["One", "One", "two"]
    assert table["speaker"].tolist() == ["1", "1", "1"]
    assert "warning: spellings of one corpus: One (1 clip) = one (1 clip)" in table.attrs["notes"]


def test_a_column_variant_of_something_else_is_no_augmentation(tmp_path):
    text = "file,emotion,speaker,variant\n" + "".join(f"{n}.wav,joy,{n},US\n" for n in range(6))
    table = read_corpus(write(tmp_path / "m.csv", text))
    assert table["manifest_variant"].tolist() == ["US"] * 6
    assert (make_split(table, "one-speaker-out", fold=1).parts == "test").sum() == 1
    own = read_corpus(
        write(tmp_path / "m.csv", text.replace("5,US", "5,pitch_up").replace(",US", ",original"))
    )
    assert own["variant"].tolist() == ["original"] * 5 + ["pitch_up"]


def test_spaces_within_a_label_do_not_matter(tmp_path):
    manifest = write(
        tmp_path / "m.csv", "file,emotion\nx.wav,very  tired\ny.wav,very\u00a0tired\nz.wav,Very-tired\n"
    )
    assert set(read_corpus(manifest)["emotion"]) == {"very_tired"}


def test_a_folder_without_a_manifest(tmp_path):
    with pytest.raises(CorpusError, match="contains no manifest"):
        read_corpus(tmp_path, "manifest")


def test_a_row_with_one_cell_more_than_the_header(tmp_path):
    table = read_corpus(write(tmp_path / "m.csv", "file,emotion\nx.wav,joy,\ny.wav,fear,\n"))
    assert table["emotion"].tolist() == ["happiness", "fear"]
    assert table["source"].tolist() == ["x", "y"]
    with pytest.raises(CorpusError, match="line 3 has 4 cells, and the header 3; put cells that contain"):
        read_corpus(write(tmp_path / "m.csv", "file,emotion,text\nx.wav,joy,\ny.wav,fear,Oh, no\n"))


def test_blank_lines_and_short_rows(tmp_path):
    table = read_corpus(write(tmp_path / "m.csv", "file,emotion,speaker\n\nx.wav,joy\n,,\n"))
    assert table[["source", "speaker"]].to_numpy().tolist() == [["x", ""]]


def test_quoted_cells(tmp_path):
    text = 'file,emotion,text\n"a, b.wav",joy,"He said ""no""\nand left"\n'
    table = read_corpus(write(tmp_path / "m.csv", text))
    assert table[["source", "text"]].to_numpy().tolist() == [["a, b", 'He said "no"\nand left']]


def test_a_folder_with_the_name_of_a_table(tmp_path):
    (tmp_path / "old.csv").mkdir()
    write(tmp_path / "labels.csv", "file,emotion\nx.wav,joy\n")
    assert read_corpus(tmp_path)["source"].tolist() == ["x"]


def test_without_a_column_of_labels_the_columns_are_named(tmp_path):
    table = read_corpus(write(tmp_path / "m.csv", "wav,feeling\nx.wav,joy\n"))
    assert table["emotion"].tolist() == [""]
    assert any(note.endswith("(the columns are wav, feeling)") for note in table.attrs["notes"])
