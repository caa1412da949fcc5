"""Training clips of another store are found by sound, source and speaker."""

from __future__ import annotations

import pandas as pd
import pytest

from serenade.evaluation.training_clips import training_clips
from serenade.folders import CorpusClips, TrainedOn
from serenade.folders.trained_on import short_hash

INDEX = pd.DataFrame(
    {
        "corpus": ["a", "a", "a", "b", "b"],
        "source": ["x", "y", "z", "x", "w"],
        "speaker": ["1", "1", "2", "1", ""],
        "sha256": ["s0", "s1", "s2", "s3", "s4"],
    }
)


def found(by_speaker: bool = True, index: pd.DataFrame = INDEX, **corpora: CorpusClips) -> list[str]:
    return training_clips(index, TrainedOn(train=corpora), by_speaker=by_speaker).tolist()


def test_nothing_is_found_of_an_unrelated_model() -> None:
    assert found(c=CorpusClips(speakers=("1", "2"), sources=(short_hash("x"),), sounds=("0",))) == [""] * 5


def test_a_sound_is_found_in_any_corpus() -> None:
    trained = CorpusClips(sounds=(short_hash("s4"),))
    assert found(other=trained) == ["", "", "", "", "sound"]


def test_a_source_is_found_in_its_corpus_only() -> None:
    assert found(b=CorpusClips(sources=(short_hash("x"),))) == ["", "", "", "source", ""]


@pytest.mark.parametrize("name", ["01", "1.0", " 1"])
def test_a_speaker_is_found_in_another_spelling(name: str) -> None:
    assert found(a=CorpusClips(speakers=(name,))) == ["speaker", "speaker", "", "", ""]


def test_a_speaker_is_found_in_its_corpus_only() -> None:
    assert found(a=CorpusClips(speakers=("1",))) == ["speaker", "speaker", "", "", ""]


def test_the_other_clips_of_a_speaker_with_a_training_clip_are_found() -> None:
    trained = CorpusClips(sounds=(short_hash("s0"),))
    assert found(other=trained) == ["sound", "speaker", "", "", ""]


def test_dev_counts_like_train() -> None:
    dev = TrainedOn(dev={"a": CorpusClips(speakers=("2",))})
    assert training_clips(INDEX, dev, by_speaker=True).tolist() == ["", "", "speaker", "", ""]


def test_speakers_do_not_count_where_dialogues_are_kept_apart() -> None:
    trained = CorpusClips(speakers=("1",), sounds=(short_hash("s0"),))
    assert found(a=trained, by_speaker=False) == ["sound", "", "", "", ""]


@pytest.mark.parametrize("column", ["speaker", "sha256"])
def test_unknown_speakers_and_sounds_are_not_equal(column: str) -> None:
    index = INDEX.assign(**{column: ""})
    assert found(index=index, a=CorpusClips(speakers=("",), sounds=("",))) == [""] * 5
