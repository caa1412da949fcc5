"""RAVDESS speech: 1,440 clips, 24 actors, eight emotions.

Livingstone and Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song", PLOS ONE 13(5), 2018.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from serenade.corpora.registry import named_clips, register_corpus
from serenade.corpora.table import new_table
from serenade.errors import CorpusError

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

_NAME = (
    r"(?P<modality>0[1-3])-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<level>0[12])"
    r"-(?P<sentence>0[12])-(?P<repetition>0[12])-(?P<actor>\d\d)"
)
_LOOKS_LIKE = "03-01-05-01-02-01-12.wav"


@register_corpus(
    "ravdess",
    licence="CC-BY-NC-SA-4.0",
    url="https://zenodo.org/records/1188976",
    languages=("en",),
    looks_like=_LOOKS_LIKE,
    recognise=_NAME,
)
def read_ravdess(path: str | Path) -> pd.DataFrame:
    """Read the spoken part of RAVDESS (channel 01); songs are left out and counted in `attrs["notes"]`.

    Speakers are "01" … "24", odd ones men. Extras: sentence, text, level ("normal", "strong"), repetition.

    Raises:
        CorpusError: no clip of RAVDESS speech there.
    """
    path = Path(path)
    # Film and sound of one take differ in the first field only: the same clip.
    clips, notes = named_clips(
        path,
        _NAME,
        corpus="ravdess",
        looks_like=_LOOKS_LIKE,
        identity=lambda match: match.group(0)[3:],
    )
    spoken = [
        (file, match) for file, match in clips if match["channel"] == "01" and match["modality"] != "02"
    ]
    if not spoken:
        raise CorpusError(
            "holds songs or silent films only; serenade reads RAVDESS's spoken clips", file=path
        )
    if more := len(clips) - len(spoken):
        notes.append(f"{more} songs or silent films: left out")
    table = new_table(
        {
            "file": file,
            "emotion": EMOTIONS[match["emotion"]],
            "speaker": match["actor"],
            "sex": "male" if int(match["actor"]) % 2 else "female",
            "language": "en",
            "corpus": "ravdess",
            "source": match.group(0),
            "sentence": match["sentence"],
            "text": SENTENCES[match["sentence"]],
            "level": {"01": "normal", "02": "strong"}[match["level"]],
            "repetition": int(match["repetition"]),
        }
        for file, match in spoken
    )
    table.attrs["notes"] = notes
    return table
