"""SAVEE."""

from __future__ import annotations

import pytest

from serenade.corpora import licence_of, make_split, read_corpus
from serenade.corpora.read import recognise_corpus
from serenade.errors import CorpusError


@pytest.mark.parametrize(
    ("file", "emotion", "speaker"),
    [
        ("DC_a01.wav", "anger", "DC"),
        ("ALL/KL_sa15.wav", "sadness", "KL"),
        ("AudioData/JE/su03.wav", "surprise", "JE"),
        ("AudioData/JK/n30.wav", "neutral", "JK"),
        ("dc/d05.WAV", "disgust", "DC"),
        ("jk_F01.wav", "fear", "JK"),
        ("JE/wav/h12.flac", "happiness", "JE"),
    ],
)
def test_names_of_every_copy(touch, tmp_path, file, emotion, speaker):
    (row,) = read_corpus(touch(tmp_path, file)).to_dict("records")
    assert (row["corpus"], row["emotion"], row["speaker"]) == ("savee", emotion, speaker)
    assert (row["sex"], row["language"]) == ("male", "en")


def test_the_folder_of_one_speaker(touch, tmp_path):
    touch(tmp_path, "DC/a01.wav")
    assert read_corpus(tmp_path / "DC")["speaker"].tolist() == ["DC"]


def test_the_whole_corpus_in_four_folders(touch, tmp_path):
    clips = [f"{code}{n:02}" for code in ("a", "d", "f", "h", "sa", "su") for n in range(1, 16)]
    clips += [f"n{n:02}" for n in range(1, 31)]
    table = read_corpus(
        touch(tmp_path, *(f"{who}/{clip}.wav" for who in ("DC", "JE", "JK", "KL") for clip in clips))
    )
    assert len(table) == 480
    assert table["emotion"].nunique() == 7
    assert table["speaker"].nunique() == 4
    split = make_split(table, "one-speaker-out", fold=4)
    assert set(table["speaker"][split.parts == "test"]) == {"KL"}


def test_names_without_a_speaker_are_not_savee(touch, tmp_path):
    touch(tmp_path, "a01.wav", "d01.wav")
    with pytest.raises(CorpusError, match="no known corpus"):
        recognise_corpus(tmp_path)


def test_the_licence_is_for_research():
    assert licence_of("savee") == "free for research only"
