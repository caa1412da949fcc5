"""EmoDB."""

from __future__ import annotations

from serenade.corpora import read_corpus


def test_letters_are_initials_of_german_words(touch, tmp_path):
    touch(tmp_path, "03a01Wa.wav", "08b10Ac.wav", "16a02Lb.wav")
    table = read_corpus(tmp_path)
    assert table["emotion"].tolist() == ["anger", "fear", "boredom"]
    assert table["sex"].tolist() == ["male", "female", "female"]
