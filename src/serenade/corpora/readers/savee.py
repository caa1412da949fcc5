"""SAVEE, Surrey Audio-Visual Expressed Emotion: 480 clips, four men, seven emotions.

Haq and Jackson, "Multimodal Emotion Recognition", in: Machine Audition, IGI Global, 2010.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import new_table
from serenade.corpora.recordings import named_recordings
from serenade.corpora.registry import Corpus, register_corpus, share_named

EMOTIONS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "su": "surprise",
}
SPEAKERS = ("DC", "JE", "JK", "KL")

_NAME = re.compile(
    r"(?:(?P<speaker>DC|JE|JK|KL)_)?(?P<emotion>sa|su|[adfhn])(?P<sentence>\d\d)", re.IGNORECASE
)
_LOOKS_LIKE = "DC_a01.wav, or a01.wav in folders DC, JE, JK and KL"


def read_savee(path: str | Path) -> pd.DataFrame:
    """Read SAVEE, with a further column sentence (its number within the emotion).

    The speaker is in the file name or is the name of the folder.

    Raises:
        CorpusError: there is no clip of SAVEE.
    """
    clips, notes = named_recordings(
        Path(path),
        _match,
        title="SAVEE",
        looks_like=_LOOKS_LIKE,
        clip=lambda file, match: _source(file, match),
    )
    rows = [_row(file, match) for file, match in clips]
    return new_table(rows, notes=notes)


def _match(file: Path) -> re.Match[str] | None:
    match = _NAME.fullmatch(file.stem)
    return match if match and _speaker(file, match) else None


def _speaker(file: Path, match: re.Match[str]) -> str:
    """The speaker by file name or by the nearest folder that is named after one; "" if there is none."""
    folders = reversed(file.absolute().parts[:-1])
    names = [match["speaker"]] if match["speaker"] else folders
    return next((name.upper() for name in names if name.upper() in SPEAKERS), "")


def _source(file: Path, match: re.Match[str]) -> str:
    return f"{_speaker(file, match)}_{match['emotion'].lower()}{match['sentence']}"


def _describe_file(file: Path) -> dict[str, Any] | None:
    match = _match(file)
    return None if match is None else _row(file, match)


def _row(file: Path, match: re.Match[str]) -> dict[str, Any]:
    """What a file name states."""
    return {
        "file": file,
        "emotion": EMOTIONS[match["emotion"].lower()],
        "speaker": _speaker(file, match),
        "sex": "male",
        "language": "en",
        "corpus": "savee",
        "source": _source(file, match),
        "sentence": match["sentence"],
    }


register_corpus(
    Corpus(
        name="savee",
        title="SAVEE",
        read=read_savee,
        licence="free for research only",
        url="http://kahlan.eps.surrey.ac.uk/savee",
        languages=("en",),
        acted=True,
        looks_like=_LOOKS_LIKE,
        describe_file=_describe_file,
        recognise=share_named(_match),
        example={"AudioData/DC/a01.wav": "", "AudioData/KL/su15.wav": ""},
    )
)
