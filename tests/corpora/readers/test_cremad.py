"""CREMA-D: names, demographics, votes."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from serenade.corpora import read_corpus
from serenade.corpora.cremad_metadata import plurality, read_votes
from serenade.corpora.readers.cremad import SENTENCES, VARIANTS, parse_name, read_cremad
from serenade.errors import CorpusError
from serenade.labels import canonical

LETTERS = "ADFHNS"


@pytest.fixture(scope="session")
def official(shared):
    return shared / "cremad" / "metadata"


def make_recordings(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"not read by the reader")


def write_tables(folder):
    """The official tables' form, two clips of one actor."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "VideoDemographics.csv").write_text(
        '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","Caucasian","Not Hispanic"\n'
    )
    # The second query's row of the first clip contradicts the first's: a mix-up would show.
    rows = ["100001,8,0,0,0,2,0,1001_DFA_ANG_XX", "100002,0,0,5,0,0,5,1001_DFA_FEA_XX"]
    rows += ["200001,0,10,0,0,0,0,1001_DFA_ANG_XX", "200002,0,0,10,0,0,0,1001_DFA_FEA_XX"]
    rows += ["300001,0,0,0,4,0,0,1001_DFA_ANG_XX", "300002,0,0,3,0,0,1,1001_DFA_FEA_XX"]
    (folder / "tabulatedVotes.csv").write_text('"",A,D,F,H,N,S,fileName\n' + "\n".join(rows) + "\n")
    (folder / "summaryTable.csv").write_text(
        '"","FileName","VoiceVote","FaceVote","MultiModalVote"\n'
        '1,1001_DFA_ANG_XX,A,D,H\n2,1001_DFA_FEA_XX,"F:S",F,F\n'
    )


def test_all_official_names_are_parsed_and_joined(official):
    names = pd.read_csv(official / "SentenceFilenames.csv")["Filename"]
    parsed = [parse_name(name) for name in names]
    assert len(parsed) == 7442
    assert None not in parsed
    assert {one.actor for one in parsed} == {str(actor) for actor in range(1001, 1092)}
    assert {one.sentence for one in parsed} == set(SENTENCES)
    counts = pd.Series([one.emotion for one in parsed]).value_counts()
    assert counts.drop("neutral").unique().tolist() == [1271]
    assert counts["neutral"] == 1087
    people = pd.read_csv(official / "VideoDemographics.csv", dtype=str).set_index("ActorID")
    assert {one.actor for one in parsed} == set(people.index)
    for votes in read_votes(official / "tabulatedVotes.csv").values():
        assert set(votes.index) == {one.clip for one in parsed}
        assert len(votes) == 7442


def test_votes_of_each_query_are_those_of_the_summary(official):
    votes = read_votes(official / "tabulatedVotes.csv")
    summary = pd.read_csv(official / "summaryTable.csv").set_index("FileName")
    columns = {"sound": "VoiceVote", "face": "FaceVote", "both": "MultiModalVote"}
    for query, column in columns.items():
        expected = summary[column].map(
            lambda vote: "|".join(sorted(canonical(one) for one in vote.split(":")))
        )
        assert plurality(votes[query]).reindex(expected.index).equals(expected)


def test_listeners_agree_as_often_as_published(official):
    votes = read_votes(official / "tabulatedVotes.csv")["sound"]
    meant = pd.Series([parse_name(clip).emotion for clip in votes.index], index=votes.index)
    assert (plurality(votes) == meant).mean() == pytest.approx(0.416, abs=5e-4)
    own = votes.to_numpy()[np.arange(len(votes)), votes.columns.get_indexer(meant)]
    assert own.sum() / votes.to_numpy().sum() == pytest.approx(0.400, abs=5e-4)


def test_real_recordings(shared):
    table = read_corpus(shared / "cremad")
    assert len(table) == 15
    assert table["corpus"].unique().tolist() == ["cremad"]
    assert table.set_index("source").loc["1054_IEO_FEA_HI", "level"] == "high"
    assert set(table["sex"]) == {"female", "male"}
    soft = table[[f"emotion_{canonical(letter)}" for letter in LETTERS]]
    assert np.allclose(soft.sum(axis=1), 1)
    assert (table["listeners_votes"] >= 4).all()
    assert all(note.endswith(")") and "skipped" in note for note in table.attrs["notes"])


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".opus", ".mp3"])
def test_any_sound_is_found_anywhere_below(tmp_path, suffix):
    make_recordings(tmp_path / "deep" / "AudioWAV", [f"1001_DFA_ANG_XX{suffix}", f"1002_IEO_SAD_LO{suffix}"])
    table = read_cremad(tmp_path)
    assert table["source"].tolist() == ["1001_DFA_ANG_XX", "1002_IEO_SAD_LO"]
    assert table["level"].tolist() == ["", "low"]
    assert any("VideoDemographics.csv was not found" in note for note in table.attrs["notes"])
    assert any("tabulatedVotes.csv was not found" in note for note in table.attrs["notes"])


def test_spectrograms_know_their_source_and_variant(tmp_path):
    names = [f"1001_DFA_ANG_XX_{variant}.npy" for variant in VARIANTS]
    make_recordings(tmp_path / "ANG", names)
    table = read_cremad(tmp_path)
    assert set(table["variant"]) == set(VARIANTS)
    assert table["source"].unique().tolist() == ["1001_DFA_ANG_XX"]


def test_recordings_have_no_variant(tmp_path):
    make_recordings(tmp_path, ["1001_DFA_ANG_XX.wav"])
    assert "variant" not in read_cremad(tmp_path)


def test_a_clip_there_twice_is_read_once_as_wav(tmp_path):
    make_recordings(tmp_path / "AudioMP3", ["1001_DFA_ANG_XX.mp3"])
    make_recordings(tmp_path / "AudioWAV", ["1001_DFA_ANG_XX.wav", "readme.wav"])
    make_recordings(tmp_path / "mels" / "ANG", ["1001_DFA_ANG_XX_original.npy"])
    table = read_cremad(tmp_path)
    assert [file.rsplit(".")[-1] for file in table["file"]] == ["wav"]
    assert any(note.startswith("2 duplicates of clips") for note in table.attrs["notes"])
    assert any(note.startswith("1 recording without a file name of CREMA-D") for note in table.attrs["notes"])


def test_the_odd_name_is_joined_with_its_votes(tmp_path):
    make_recordings(tmp_path, ["1040_ITH_SAD_X.wav"])
    (tmp_path / "tabulatedVotes.csv").write_text(
        '"",A,D,F,H,N,S,fileName\n100001,0,0,0,0,1,3,1040_ITH_SAD_XX\n'
        "200001,0,0,0,0,1,3,1040_ITH_SAD_XX\n300001,0,0,0,0,1,3,1040_ITH_SAD_XX\n"
    )
    table = read_cremad(tmp_path)
    assert table["source"].tolist() == ["1040_ITH_SAD_XX"]
    assert table["emotion_sadness"].tolist() == [0.75]


@pytest.mark.parametrize("place", ["AudioWAV", ".", "metadata", "AudioWAV/metadata"])
def test_tables_are_found_around_the_recordings(tmp_path, place):
    make_recordings(tmp_path / "AudioWAV", ["1001_DFA_ANG_XX.wav"])
    write_tables(tmp_path / place)
    row = read_cremad(tmp_path / "AudioWAV").iloc[0]
    assert (row["sex"], row["age"], row["listeners_emotion"]) == ("male", 51, "anger")


@pytest.mark.parametrize(
    ("targets", "name", "share"),
    [("sound", "anger", 0.8), ("face", "disgust", 1.0), ("both", "happiness", 1.0)],
)
def test_targets_choose_the_votes(tmp_path, targets, name, share):
    make_recordings(tmp_path / "wav", ["1001_DFA_ANG_XX.wav", "1001_DFA_FEA_XX.wav"])
    write_tables(tmp_path / "elsewhere")
    table = read_corpus(tmp_path / "wav", "cremad", targets=targets, metadata=tmp_path / "elsewhere")
    assert table[f"emotion_{name}"][0] == share
    # The votes of the listeners do not depend on the targets; ties name all labels.
    assert table["listeners_emotion"].tolist() == ["anger", "fear|sadness"]
    assert table["listeners_face"].tolist() == ["disgust", "fear"]
    assert table["listeners_votes"].tolist() == [10, 10]


def test_the_summary_alone_gives_pluralities_but_no_soft_labels(tmp_path):
    make_recordings(tmp_path, ["1001_DFA_ANG_XX.wav", "1001_DFA_FEA_XX.wav"])
    write_tables(tmp_path)
    (tmp_path / "tabulatedVotes.csv").unlink()
    table = read_cremad(tmp_path)
    assert table["listeners_emotion"].tolist() == ["anger", "fear|sadness"]
    assert "emotion_anger" not in table


def test_errors_say_what_is_wrong(tmp_path, shared):
    with pytest.raises(CorpusError, match="contains no recordings"):
        read_cremad(tmp_path)
    make_recordings(tmp_path, ["song.wav"])
    with pytest.raises(CorpusError, match=r"song\.wav.*1001_DFA_ANG_XX"):
        read_cremad(tmp_path)
    make_recordings(tmp_path, ["1001_DFA_ANG_XX.wav"])
    with pytest.raises(CorpusError, match=r"tabulatedVotes\.csv"):
        read_cremad(tmp_path, metadata=tmp_path)
    with pytest.raises(CorpusError, match="sound, face, both"):
        read_cremad(tmp_path, targets="smell")
    with pytest.raises(CorpusError, match="is not a folder"):
        read_cremad(tmp_path / "song.wav")
    shutil.rmtree(tmp_path)
    with pytest.raises(CorpusError, match="no such file"):
        read_corpus(tmp_path, "cremad")


@pytest.mark.parametrize("name", ["VideoDemographics.csv", "tabulatedVotes.csv", "summaryTable.csv"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff\xfe", b"a,b\n1,2\n", b'"', b"ActorID,Age,Sex,Race,Ethnicity\n1001,old,F,,\n"]
)
def test_damaged_tables_are_one_sentence(tmp_path, name, content):
    make_recordings(tmp_path, ["1001_DFA_ANG_XX.wav"])
    write_tables(tmp_path)
    if name == "summaryTable.csv":
        (tmp_path / "tabulatedVotes.csv").unlink()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=rf"{name}: .*copy it again"):
        read_cremad(tmp_path)
