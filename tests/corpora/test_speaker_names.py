"""One person with several spellings."""

from __future__ import annotations

import pandas as pd
import pytest

from serenade.corpora import (
    assign_speakers,
    check_corpus,
    check_split,
    make_split,
    new_table,
    read_corpora,
    read_corpus,
    suggest_split,
)
from serenade.corpora.speaker_names import describe_merged, merge_speakers, speaker_key
from serenade.corpora.speakers import speaker_ids
from serenade.errors import SplitError


def manifest(file, speakers, head="file,emotion,speaker"):
    rows = (f"{file.stem}_{n}.wav,{('joy', 'fear')[n % 2]},{who}\n" for n, who in enumerate(speakers))
    file.write_text(f"{head}\n" + "".join(rows), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "same",
    [
        ("1", "01", "1.0", " 1", "1.", "001", "+1", "1e0", "1.00", "1,0", "\uff11", "'01", '="01"'),
        ("0", "00", "0.0", "-0"),
        ("1.1", "1.10"),
        ("100", "1e2", "0100"),
        ("Anna", "anna", "ANNA ", "an\u200bna"),
        ("S1", "s01", "S001"),
        ("spk_007", "Spk 7", "spk-07", "spk\u20137"),
        ("Jos\u00e9", "Jose\u0301"),
    ],
)
def test_one_person(same):
    assert len({speaker_key(name) for name in same}) == 1


@pytest.mark.parametrize(
    "different",
    [
        ("1", "10", "11", "-1", "1.5"),
        ("S1", "S10", "S1.1", "S1.10", "T1", "1"),
        ("Anna", "Anne", "Ann A"),
        ("1e1", "11"),
        ("1_1", "11"),
        ("'", '"', ""),
    ],
)
def test_different_people(different):
    assert len({speaker_key(name) for name in different}) == len(different)


@pytest.mark.parametrize("order", [1, -1])
def test_the_spelling_of_most_clips_is_used(order):
    speakers = ["01", "1", "1", "1.0", "2", ""][::order]
    names, merged = merge_speakers(speakers, ["calls"] * 6)
    assert names == ["1", "1", "1", "1", "2", ""][::order]
    assert [one.to_dict() for one in merged] == [
        {"corpus": "calls", "name": "1", "spellings": {"1": 2, "01": 1, "1.0": 1}}
    ]


def test_a_name_in_two_corpora_is_two_people():
    assert merge_speakers(["1", "01"], ["one", "two"]) == (["1", "01"], [])


def test_names_in_one_spelling_stay_as_they_are(tmp_path):
    table = read_corpus(manifest(tmp_path / "m.csv", ["01", "02", "10"]))
    assert table["speaker"].tolist() == ["01", "02", "10"]
    assert table.attrs["merged_speakers"] == []
    assert describe_merged([]) == []


def test_a_manifest_counts_each_person_once(tmp_path):
    """Issue 18: `1`, `01`, `1.0` and ` 1` were four people."""
    table = read_corpus(manifest(tmp_path / "m.csv", ["1", "01", "1.0", " 1", "2", "02"]))
    check = check_corpus(table)
    assert check.speakers == {"1": 4, "2": 2}
    assert [str(speaker) for speaker in check.merged_speakers] == [
        "1 (2 clips) = 01 (1 clip) = 1.0 (1 clip)",
        "2 (1 clip) = 02 (1 clip)",
    ]
    assert describe_merged(check.merged_speakers) == [
        "warning: 2 speakers with several spellings, each counted as one person (1 (2 clips) = 01 (1 clip) = "
        "1.0 (1 clip), 2 (1 clip) = 02 (1 clip)); write the names of different people differently"
    ]


def test_manifests_with_different_spellings_share_their_people(tmp_path):
    """The leak: `1` in train.csv and `01` in test.csv."""
    paths = [
        manifest(tmp_path / "train.csv", [str(n) for n in range(1, 7)] * 2),
        manifest(tmp_path / "test.csv", [f"{n:02}" for n in range(1, 7)]),
    ]
    table = read_corpora(paths)
    assert sorted(set(table["speaker"])) == ["1", "2", "3", "4", "5", "6"]
    assert len(table.attrs["merged_speakers"]) == 6
    (note,) = (note for note in table.attrs["notes"] if "are one corpus" in note)
    assert "speakers in several of them (" in note
    for fold in range(1, 7):
        split = make_split(table, "one-speaker-out", fold=fold)
        assert split.n_folds == 6
        check_split(table, split)


def test_a_split_of_the_corpus_that_leaks_in_another_spelling_is_not_suggested(tmp_path):
    rows = "".join(
        f"{part}_{who}.wav,joy,{who:0{width}},{part}\n"
        for part, width in (("train", 1), ("test", 2))
        for who in range(6)
    )
    (tmp_path / "m.csv").write_text(f"file,emotion,speaker,split\n{rows}")
    table = read_corpus(tmp_path / "m.csv")
    assert suggest_split(table)[0] == "grouped-5"
    with pytest.raises(SplitError, match="6 speakers in two parts"):
        check_split(table, make_split(table, "official"))


def test_a_table_made_in_python_does_not_leak_either():
    table = new_table(
        {"file": f"{n}.wav", "emotion": "joy", "speaker": f"{n % 4:0{1 + n // 4}}"} for n in range(12)
    )
    assert table["speaker"].nunique() == 12
    assert speaker_ids(table).nunique() == 4
    split = make_split(table, "one-speaker-out", fold=1)
    assert split.n_folds == 4
    check_split(table, split)
    parts = split.parts.copy()
    parts[:] = ["train", "test", *["train"] * 10]
    with pytest.raises(SplitError, match="1 speakers in two parts"):
        check_split(table, type(split)(**{**vars(split), "parts": parts}))


@pytest.mark.parametrize(
    ("source", "spellings"), [("column:who", ["7", "07"]), ("name:_([0-9]+)", ["7", "07"])]
)
def test_speakers_from_elsewhere(tmp_path, source, spellings):
    rows = "".join(f"x_{name}.wav,joy,{name}\n" for name in spellings)
    (tmp_path / "m.csv").write_text(f"file,emotion,who\n{rows}")
    table = read_corpus(tmp_path / "m.csv", speakers_from=source)
    assert table["speaker"].nunique() == 1
    assert len(table.attrs["merged_speakers"]) == 1


def test_a_folder_that_is_not_utf8_is_a_speaker():
    table = new_table([{"file": "/x/r\udce9n\udce9/a.wav"}, {"file": "/x/anna/a.wav"}])
    assert assign_speakers(table, "folder")["speaker"].tolist() == ["anna", "r\\xe9n\\xe9"]


def test_merging_keeps_the_order_of_the_rows():
    table = pd.DataFrame({"speaker": ["02", "1", "2", "01"], "corpus": "x"}, index=[5, 3, 9, 1])
    assert speaker_ids(table).to_dict() == {5: "2", 3: "1", 9: "2", 1: "1"}
