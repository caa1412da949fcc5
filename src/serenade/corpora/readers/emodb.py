"""EmoDB, the Berlin database of emotional speech: 535 clips, ten speakers, seven emotions.

Burkhardt et al., "A Database of German Emotional Speech", Interspeech 2005.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import new_table
from serenade.corpora.recordings import named_recordings
from serenade.corpora.registry import FREE, Corpus, register_corpus, share_named

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "N": "neutral",
    "T": "sadness",
}
"""Initials of the German words: Wut, Langeweile, Ekel, Angst, Freude, neutral, Trauer."""

SPEAKERS = {
    "03": ("male", 31),
    "08": ("female", 34),
    "09": ("female", 21),
    "10": ("male", 32),
    "11": ("male", 26),
    "12": ("male", 30),
    "13": ("female", 32),
    "14": ("female", 35),
    "15": ("male", 25),
    "16": ("female", 31),
}
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}

_NAME = re.compile(r"(?P<speaker>\d\d)(?P<sentence>[ab]\d\d)(?P<emotion>[WLEAFNT])(?P<version>[a-z])")
_LOOKS_LIKE = "03a01Fa.wav"


def read_emodb(path: str | Path) -> pd.DataFrame:
    """Read EmoDB, with further columns sentence, text, version and age (in years).

    Raises:
        CorpusError: there is no clip of EmoDB.
    """
    clips, notes = named_recordings(
        Path(path),
        lambda file: _NAME.fullmatch(file.stem),
        title="EmoDB",
        looks_like=_LOOKS_LIKE,
        clip=lambda file, match: match[0],
    )
    rows = [_row(file, match) for file, match in clips]
    return new_table(rows, notes=notes)


def _describe_file(file: Path) -> dict[str, Any] | None:
    match = _NAME.fullmatch(file.stem)
    return None if match is None else _row(file, match)


def _row(file: Path, match: re.Match[str]) -> dict[str, Any]:
    """What a file name states."""
    sex, age = SPEAKERS.get(match["speaker"], ("", None))
    return {
        "file": file,
        "emotion": EMOTIONS[match["emotion"]],
        "speaker": match["speaker"],
        "sex": sex,
        "language": "de",
        "corpus": "emodb",
        "source": match[0],
        "sentence": match["sentence"],
        "text": SENTENCES.get(match["sentence"], ""),
        "version": match["version"],
        "age": age,
    }


register_corpus(
    Corpus(
        name="emodb",
        title="EmoDB",
        read=read_emodb,
        licence=FREE,
        url="http://emodb.bilderbar.info",
        languages=("de",),
        acted=True,
        looks_like=_LOOKS_LIKE,
        describe_file=_describe_file,
        recognise=share_named(_NAME),
        example={"wav/03a01Fa.wav": "", "wav/08b10Wb.wav": ""},
    )
)
