"""Voices in noisy copies are other clips of the same speaker, so that no test speaker gets into training."""

from __future__ import annotations

import pandas as pd

from serenade.features.clips import Clip
from serenade.features.voices import VOICES, with_voices


def test_voices_are_of_the_same_speaker_corpus_and_part_and_never_the_clip_itself():
    speakers = ["1"] * 9 + ["2"] * 3 + ["3"] + [""] * 4
    table = pd.DataFrame(
        {
            "corpus": ["a"] * 8 + ["b"] + ["a"] * 8,
            "speaker": speakers,
            "split": ["train"] * 10 + ["test"] + ["train"] * 6,
        }
    )
    clips = [Clip(id=str(number), file=f"{number}.wav") for number in range(len(table))]
    found = with_voices(clips, table, seed=3)
    keys = list(table.itertuples(index=False, name=None))
    for number, clip in enumerate(found):
        voices = [int(voice.id) for voice in clip.voices]
        assert number not in voices
        assert len(set(voices)) == len(voices)
        assert {keys[voice] for voice in voices} <= {keys[number]}
    counts = [len(clip.voices) for clip in found]
    assert counts == [VOICES] * 8 + [0] + [1, 0, 1] + [0] * 5
    assert found == with_voices(clips, table, seed=3)
    assert found != with_voices(clips, table, seed=4)
