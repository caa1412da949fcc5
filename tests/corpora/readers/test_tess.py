"""TESS."""

from __future__ import annotations

import pytest

from serenade.corpora import licence_of, list_splits, make_split, read_corpus
from serenade.errors import SplitError


@pytest.mark.parametrize(
    ("file", "emotion", "speaker"),
    [
        ("OAF_back_angry.wav", "anger", "OAF"),
        ("OAF_angry/OAF_back_angry.wav", "anger", "OAF"),
        ("OAF_Fear/OAF_back_fear.wav", "fear", "OAF"),
        ("YAF_pleasant_surprised/YAF_bean_ps.wav", "surprise", "YAF"),
        ("OAF_Pleasant_surprise/OAF_bean_ps.wav", "surprise", "OAF"),
        ("OAF_neutral/OA_bite_neutral.wav", "neutral", "OAF"),
        ("tess/yaf_bite_sad.WAV", "sadness", "YAF"),
        ("YAF_BITE_DISGUST.wav", "disgust", "YAF"),
        ("YAF_bite_pleasant_surprise.flac", "surprise", "YAF"),
        ("YAF_bite_happy.mp3", "happiness", "YAF"),
    ],
)
def test_names_of_every_copy(touch, tmp_path, file, emotion, speaker):
    (row,) = read_corpus(touch(tmp_path, file)).to_dict("records")
    assert (row["corpus"], row["emotion"], row["speaker"]) == ("tess", emotion, speaker)
    assert (row["sex"], row["language"]) == ("female", "en")


def test_the_whole_corpus(touch, tmp_path):
    emotions = ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")
    words = [f"{a}{b}" for a in "abcdefghij" for b in "abcdefghijklmnopqrst"]
    touch(
        tmp_path,
        *(f"{who}/{who}_{word}_{emo}.wav" for who in ("OAF", "YAF") for word in words for emo in emotions),
    )
    table = read_corpus(tmp_path)
    assert len(table) == 2800
    assert table["emotion"].value_counts().unique().tolist() == [400]
    assert table.groupby("speaker")["age"].first().to_dict() == {"OAF": 64, "YAF": 26}
    assert table["text"][0] == "Say the word aa."
    # Two speakers are too few for train, dev and test by speaker.
    with pytest.raises(SplitError, match="at least three speakers"):
        make_split(table, "one-speaker-out", fold=1)
    assert "random-leaky" in list_splits()


def test_a_copy_in_the_copy_is_read_once(touch, tmp_path):
    table = read_corpus(
        touch(tmp_path, "TESS/OAF_Sad/OAF_back_sad.wav", "TESS/TESS/OAF_Sad/OAF_back_sad.wav")
    )
    assert len(table) == 1
    assert "1 duplicate of clips in other formats or folders: skipped" in table.attrs["notes"]


def test_the_licence_forbids_commercial_use():
    assert licence_of("tess") == "CC-BY-NC-ND-4.0"
