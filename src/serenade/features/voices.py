"""Which other clips are the voices in the noise of a clip's noisy copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from serenade.features.clips import Clip, generator_of

VOICES = 5
"""Clips at most."""


def with_voices(clips: Sequence[Clip], table: pd.DataFrame, *, seed: int) -> list[Clip]:
    """Draw other clips of the same speaker for each clip.

    Of the same speaker, and of the same official part, so that no copy in the training data contains the
    voice of a test speaker. A clip without a speaker has no voices.

    Args:
        clips: the clips, in the order of the table.
        table: with the columns corpus, speaker and split.
        seed: used together with the clip's id.

    >>> clips = [Clip(id=name, file=f"{name}.wav") for name in "abc"]
    >>> table = pd.DataFrame({"corpus": "", "split": "", "speaker": ["1", "2", "1"]})
    >>> [[voice.id for voice in clip.voices] for clip in with_voices(clips, table, seed=0)]
    [['c'], [], ['a']]
    """
    found = list(clips)
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, key in enumerate(table[["speaker", "corpus", "split"]].itertuples(index=False, name=None)):
        groups.setdefault(key, []).append(place)
    for (speaker, *_), group in groups.items():
        for position, place in enumerate(group if speaker else []):
            rng = generator_of(f"{clips[place].id}_voices", seed)
            drawn = rng.choice(len(group) - 1, min(VOICES, len(group) - 1), replace=False)
            # Numbers at and after the clip's own are one higher.
            voices = tuple(clips[group[number + (number >= position)]] for number in drawn)
            found[place] = replace(clips[place], voices=voices)
    return found
