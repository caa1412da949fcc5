"""EMOVO: 588 clips in Italian, six actors, seven emotions.

Costantini et al., "EMOVO Corpus: an Italian Emotional Speech Database", LREC 2014.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from serenade.corpora.registry import named_clips, register_corpus
from serenade.corpora.table import new_table

_NAME = r"(?P<emotion>dis|gio|neu|pau|rab|sor|tri)-(?P<speaker>[fm]\d)-(?P<sentence>[a-z]+\d*)"
_LOOKS_LIKE = "rab-f1-b1.wav"


@register_corpus(
    "emovo",
    licence="none stated",
    url="http://voice.fub.it/activities/corpora/emovo/index.html",
    languages=("it",),
    looks_like=_LOOKS_LIKE,
    recognise=_NAME,
)
def read_emovo(path: str | Path) -> pd.DataFrame:
    """Read EMOVO: disgusto, gioia, neutrale, paura, rabbia, sorpresa, tristezza. Extra: sentence.

    Raises:
        CorpusError: no clip of EMOVO there.
    """
    clips, notes = named_clips(Path(path), _NAME, corpus="emovo", looks_like=_LOOKS_LIKE)
    table = new_table(
        {
            "file": file,
            "emotion": match["emotion"],
            "speaker": match["speaker"],
            "sex": match["speaker"][0],
            "language": "it",
            "corpus": "emovo",
            "source": match.group(0),
            "sentence": match["sentence"],
        }
        for file, match in clips
    )
    table.attrs["notes"] = notes
    return table
