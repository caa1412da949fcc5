"""Names of emotions."""

from __future__ import annotations

import pytest

from serenade.labels import EMOTIONS, OTHER, SPELLINGS, canonical, describe_labels, map_labels

LANGUAGES = {
    "de": "Wut Freude Trauer ruhig Angst Ekel neutral Überraschung Langeweile",
    "de adjectives": "wütend fröhlich traurig gelassen ängstlich angeekelt neutral überrascht gelangweilt",
    "it": "rabbia gioia tristezza calma paura disgusto neutrale sorpresa noia",
    "fr": "colère joie tristesse calme peur dégoût neutre surprise ennui",
    "es": "ira alegría tristeza calma miedo asco neutral sorpresa aburrimiento",
    "pt": "raiva alegria tristeza calma medo nojo neutro surpresa tédio",
    "pl": "złość radość smutek spokój strach wstręt neutralny zaskoczenie nuda",
    "without accents": "zlosc radosc smutek spokoj strach wstret NEUTRALNY zaskoczenie nuda",
    "en": "Angry HAPPY sad calm Fearful disgust neutral pleasant-surprise bored",
}
EXPECTED = ["anger", "happiness", "sadness", "calm", "fear", "disgust", "neutral", "surprise", "boredom"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_other_languages(language):
    names = LANGUAGES[language].split()
    assert list(map_labels(names).values()) == EXPECTED


def test_no_spelling_means_two_emotions():
    seen = {}
    for emotion, spellings in SPELLINGS.items():
        for spelling in spellings.split():
            assert canonical(spelling) == emotion, spelling
            assert seen.setdefault(spelling, emotion) == emotion
    assert set(SPELLINGS) <= {*EMOTIONS, *OTHER}


def test_all_labels_of_a_corpus_are_mapped_or_none():
    assert map_labels(["Wut", "ruhig"]) == {"Wut": "anger", "ruhig": "calm"}
    mixed = map_labels(["Wut", "ruhig", "beleidigt"])
    assert mixed == {"Wut": "wut", "ruhig": "ruhig", "beleidigt": "beleidigt"}
    assert describe_labels(["Wut", "ruhig"]) == ["labels are read as: Wut → anger, ruhig → calm"]
    (note,) = describe_labels(["Wut", "ruhig", "beleidigt"])
    assert note.startswith("labels are kept as they are, since beleidigt is none of serenade's emotions")


def test_canonical_names_need_no_remark():
    assert describe_labels(["anger", "Fear", "neutral"]) == []
