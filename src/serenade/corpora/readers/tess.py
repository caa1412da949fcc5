"""TESS, the Toronto emotional speech set: 2,800 clips, two actresses, seven emotions.

Dupuis and Pichora-Fuller, "Toronto emotional speech set (TESS)", University of Toronto, 2010. Every clip is
"Say the word …" with one of 200 words.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import new_table
from serenade.corpora.recordings import named_recordings
from serenade.corpora.registry import Corpus, register_corpus, share_named

SPEAKERS = {"oaf": 64, "yaf": 26}
"""Age in years of the older and the younger actress."""

# One official file is called OA_bite_neutral.wav. Copies spell out "ps" (pleasant surprise).
_NAME = re.compile(
    r"(?P<speaker>oaf?|yaf?)_(?P<word>[a-z]+)_"
    r"(?P<emotion>angry|disgust|fear|happy|neutral|ps|pleasant_?surprised?|surprised?|sad)",
    re.IGNORECASE,
)
_LOOKS_LIKE = "OAF_back_angry.wav"


def read_tess(path: str | Path) -> pd.DataFrame:
    """Read TESS, with further columns word, text and age (in years).

    Raises:
        CorpusError: there is no clip of TESS.
    """
    clips, notes = named_recordings(
        Path(path),
        lambda file: _NAME.fullmatch(file.stem),
        title="TESS",
        looks_like=_LOOKS_LIKE,
        clip=lambda file, match: _source(match),
    )
    rows = [_row(file, match) for file, match in clips]
    return new_table(rows, notes=notes)


def _speaker(match: re.Match[str]) -> str:
    return f"{match['speaker'][:2].lower()}f"


def _emotion(match: re.Match[str]) -> str:
    emotion = match["emotion"].lower()
    return "surprise" if emotion == "ps" or "surprise" in emotion else emotion


def _source(match: re.Match[str]) -> str:
    return f"{_speaker(match).upper()}_{match['word'].lower()}_{_emotion(match)}"


def _describe_file(file: Path) -> dict[str, Any] | None:
    match = _NAME.fullmatch(file.stem)
    return None if match is None else _row(file, match)


def _row(file: Path, match: re.Match[str]) -> dict[str, Any]:
    """What a file name states."""
    return {
        "file": file,
        "emotion": _emotion(match),
        "speaker": _speaker(match).upper(),
        "sex": "female",
        "language": "en",
        "corpus": "tess",
        "source": _source(match),
        "word": match["word"].lower(),
        "text": f"Say the word {match['word'].lower()}.",
        "age": SPEAKERS[_speaker(match)],
    }


register_corpus(
    Corpus(
        name="tess",
        title="TESS",
        read=read_tess,
        licence="CC-BY-NC-ND-4.0",
        url="https://tspace.library.utoronto.ca/handle/1807/24487",
        languages=("en",),
        acted=True,
        looks_like=_LOOKS_LIKE,
        describe_file=_describe_file,
        recognise=share_named(_NAME),
        example={"OAF_angry/OAF_back_angry.wav": "", "YAF_pleasant_surprised/YAF_bean_ps.wav": ""},
    )
)
