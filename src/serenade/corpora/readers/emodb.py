"""EmoDB, the Berlin database of emotional speech: 535 clips, ten speakers, seven emotions.

Burkhardt et al., "A Database of German Emotional Speech", Interspeech 2005.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from serenade.corpora.registry import named_clips, register_corpus
from serenade.corpora.table import new_table

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "N": "neutral",
    "T": "sadness",
}
"""Letters of the German words: Wut, Langeweile, Ekel, Angst, Freude, neutral, Trauer."""

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

_NAME = r"(?P<speaker>\d\d)(?P<sentence>[ab]\d\d)(?P<emotion>[WLEAFNT])(?P<version>[a-z])"
_LOOKS_LIKE = "03a01Fa.wav"


@register_corpus(
    "emodb",
    licence="free, by the authors' word",
    url="http://emodb.bilderbar.info",
    languages=("de",),
    looks_like=_LOOKS_LIKE,
    recognise=_NAME,
)
def read_emodb(path: str | Path) -> pd.DataFrame:
    """Read EmoDB. Extras: sentence, text, version, age.

    Raises:
        CorpusError: no clip of EmoDB there.
    """
    clips, notes = named_clips(Path(path), _NAME, corpus="emodb", looks_like=_LOOKS_LIKE)
    rows = []
    for file, match in clips:
        sex, age = SPEAKERS.get(match["speaker"], ("", None))
        rows.append(
            {
                "file": file,
                "emotion": EMOTIONS[match["emotion"]],
                "speaker": match["speaker"],
                "sex": sex,
                "language": "de",
                "corpus": "emodb",
                "source": match.group(0),
                "sentence": match["sentence"],
                "text": SENTENCES.get(match["sentence"], ""),
                "version": match["version"],
                "age": age,
            }
        )
    table = new_table(rows)
    table.attrs["notes"] = notes
    return table
