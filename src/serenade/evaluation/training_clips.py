"""Clips of a store that a model was trained on: they are left out of an evaluation."""

from __future__ import annotations

import pandas as pd

from serenade.corpora.speaker_names import speaker_key
from serenade.folders import TrainedOn
from serenade.folders.trained_on import short_hash

REASONS = ("sound", "source", "speaker")
"""How a training clip is recognised: by its sound, its source clip, or its speaker."""


def training_clips(index: pd.DataFrame, trained_on: TrainedOn, *, by_speaker: bool) -> pd.Series[str]:
    """Find the clips of a store that a model was trained on (train and dev).

    A clip was trained on if its sound was, or a clip of the same corpus with the same source. With
    `by_speaker` all clips of a speaker are, if the corpus has a speaker of this name in training, or if one
    of the speaker's clips was trained on.

    Args:
        index: of the store, with `id`, `corpus`, `source`, `speaker` and `sha256`.
        trained_on: of the model folder.
        by_speaker: False for a split that keeps dialogues apart: its speakers are in all parts.

    Returns:
        For each row of the index "sound", "source" or "speaker", or "" if the clip was not trained on.

    >>> from serenade.folders import CorpusClips
    >>> index = pd.DataFrame({"corpus": "x", "source": ["a", "b", "c"], "speaker": ["1", "1", "2"],
    ...                       "sha256": ["5a", "5b", "5c"]})
    >>> known = TrainedOn(train={"x": CorpusClips(sounds=(short_hash("5a"),))})
    >>> training_clips(index, known, by_speaker=True).tolist()
    ['sound', 'speaker', '']
    """
    reason = pd.Series("", index=index.index, dtype=object)
    reason[index["sha256"].map(short_hash).isin(trained_on.sounds) & (index["sha256"] != "")] = "sound"
    for corpus, rows in index.groupby("corpus"):
        known = rows["source"].map(short_hash).isin(trained_on.sources(str(corpus)))
        reason[rows.index[known & (reason[rows.index] == "")]] = "source"
    if by_speaker:
        for corpus, rows in index[index["speaker"] != ""].groupby("corpus"):
            # The other table may spell a speaker otherwise: 1, 01.
            keys = rows["speaker"].map(speaker_key)
            speakers = {speaker_key(name) for name in trained_on.speakers(str(corpus))}
            speakers |= set(keys[reason[rows.index] != ""])
            reason[rows.index[keys.isin(speakers) & (reason[rows.index] == "")]] = "speaker"
    return reason
