"""EMOVO: 588 clips in Italian, six actors, seven emotions.

Costantini et al., "EMOVO Corpus: an Italian Emotional Speech Database", LREC 2014.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import new_table
from serenade.corpora.recordings import named_recordings
from serenade.corpora.registry import Corpus, register_corpus, share_named

_NAME = re.compile(r"(?P<emotion>dis|gio|neu|pau|rab|sor|tri)-(?P<speaker>[fm]\d)-(?P<sentence>[a-z]+\d*)")
_LOOKS_LIKE = "rab-f1-b1.wav"


def read_emovo(path: str | Path) -> pd.DataFrame:
    """Read EMOVO, with a further column sentence.

    The labels are disgusto, gioia, neutrale, paura, rabbia, sorpresa and tristezza.

    Raises:
        CorpusError: there is no clip of EMOVO.
    """
    clips, notes = named_recordings(
        Path(path),
        lambda file: _NAME.fullmatch(file.stem),
        title="EMOVO",
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
    return {
        "file": file,
        "emotion": match["emotion"],
        "speaker": match["speaker"],
        "sex": match["speaker"][0],
        "language": "it",
        "corpus": "emovo",
        "source": match[0],
        "sentence": match["sentence"],
    }


register_corpus(
    Corpus(
        name="emovo",
        title="EMOVO",
        read=read_emovo,
        licence="none stated",
        url="http://voice.fub.it/activities/corpora/emovo/index.html",
        languages=("it",),
        acted=True,
        looks_like=_LOOKS_LIKE,
        describe_file=_describe_file,
        recognise=share_named(_NAME),
        example={"f1/rab-f1-b1.wav": "", "m2/gio-m2-l3.wav": ""},
    )
)
