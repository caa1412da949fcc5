"""RAVDESS speech: 1,440 clips, 24 actors, eight emotions.

Livingstone and Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song", PLOS ONE 13(5), 2018.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import new_table
from serenade.corpora.recordings import named_recordings
from serenade.corpora.registry import Corpus, register_corpus, share_named
from serenade.errors import CorpusError
from serenade.text import counted

EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happiness",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
SENTENCES = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}

_NAME = re.compile(
    r"(?P<modality>0[1-3])-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<level>0[12])"
    r"-(?P<sentence>0[12])-(?P<repetition>0[12])-(?P<actor>\d\d)"
)
_LOOKS_LIKE = "03-01-05-01-02-01-12.wav"


def read_ravdess(path: str | Path) -> pd.DataFrame:
    """Read the speech of RAVDESS (channel 01); songs are skipped and counted in `attrs["notes"]`.

    Speakers are "01" to "24"; odd numbers are male. Further columns: sentence, text, level ("normal" or
    "strong") and repetition.

    Raises:
        CorpusError: there is no speech of RAVDESS.
    """
    path = Path(path)
    # Video and sound of one take differ in the first field only: they are the same clip.
    clips, notes = named_recordings(
        path,
        lambda file: _NAME.fullmatch(file.stem),
        title="RAVDESS",
        looks_like=_LOOKS_LIKE,
        clip=lambda file, match: match[0][3:],
    )
    spoken = [
        (file, match) for file, match in clips if match["channel"] == "01" and match["modality"] != "02"
    ]
    if not spoken:
        raise CorpusError(
            "contains only songs or video without sound; serenade reads the speech of RAVDESS", file=path
        )
    if more := len(clips) - len(spoken):
        notes.append(f"{counted(more, 'clip')} of songs or without sound: skipped")
    rows = [_row(file, match) for file, match in spoken]
    return new_table(rows, notes=notes)


def _describe_file(file: Path) -> dict[str, Any] | None:
    match = _NAME.fullmatch(file.stem)
    return None if match is None else _row(file, match)


def _row(file: Path, match: re.Match[str]) -> dict[str, Any]:
    """What a file name states."""
    return {
        "file": file,
        "emotion": EMOTIONS[match["emotion"]],
        "speaker": match["actor"],
        "sex": "male" if int(match["actor"]) % 2 else "female",
        "language": "en",
        "corpus": "ravdess",
        "source": match[0],
        "sentence": match["sentence"],
        "text": SENTENCES[match["sentence"]],
        "level": {"01": "normal", "02": "strong"}[match["level"]],
        "repetition": int(match["repetition"]),
    }


register_corpus(
    Corpus(
        name="ravdess",
        title="RAVDESS",
        read=read_ravdess,
        licence="CC-BY-NC-SA-4.0",
        url="https://zenodo.org/records/1188976",
        languages=("en",),
        acted=True,
        looks_like=_LOOKS_LIKE,
        describe_file=_describe_file,
        recognise=share_named(_NAME),
        example={"Actor_11/03-01-05-01-02-01-11.wav": "", "Actor_12/03-01-04-02-01-02-12.wav": ""},
    )
)
