"""Corpora by name.

A new corpus is a module in `readers/` that calls `register_corpus`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.errors import CorpusError
from serenade.registry import Registry

Recognise = Callable[[Path, Sequence[Path]], float]
"""(folder or file, recordings in it) → the share of the recordings, 0 to 1, that belong to a corpus."""

SYNTHETIC = "synthetic"
"""Corpus name of synthetic speech, whichever corpus its file names imitate."""
SYNTHETIC_FILE = "synthetic-corpus.txt"
"""Marker file of a synthetic corpus, in the folder of its recordings or the folder above."""
_SYNTHETIC_LICENCE = "CC0-1.0 (synthetic speech, nobody was recorded)"


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A corpus that serenade can read.

    Attributes:
        name: the value of `read_corpus(..., corpus=name)`.
        title: as its authors write its name.
        read: the reader, `(path, **options) -> corpus table`.
        licence: of the recordings; "" where the user's own licence applies.
        url: where it is described.
        languages: ISO 639-1 codes; empty for any.
        acted: whether actors speak; acted emotion is more pronounced than spontaneous emotion.
        looks_like: how its files are named, for messages and lists.
        recognise: how well a folder fits this corpus.
        example: a minimal corpus: relative path to text content, "" for a recording.
        describe_file: what the name of a file states: some of speaker, source, emotion, text, corpus; None if
            it is not a name of this corpus.
        unusable: clips that no split trains on, by source, with the reason.
    """

    name: str
    title: str
    read: Callable[..., pd.DataFrame]
    licence: str
    url: str
    languages: tuple[str, ...]
    acted: bool
    looks_like: str
    recognise: Recognise
    example: Mapping[str, str]
    describe_file: Callable[[Path], Mapping[str, Any] | None] = lambda _: None
    unusable: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields but the functions and examples as JSON-serializable values."""
        return {
            "name": self.name,
            "title": self.title,
            "licence": self.licence,
            "url": self.url,
            "languages": list(self.languages),
            "acted": self.acted,
            "looks_like": self.looks_like,
        }


CORPORA = Registry[Corpus]("corpus", packages=("serenade.corpora.readers",), error=CorpusError)
"""Corpora by name."""


def register_corpus(corpus: Corpus) -> Corpus:
    """Make a corpus known under its name, to `read_corpus` and to the command line."""
    return CORPORA.add(corpus.name, corpus)


def share_named(names: re.Pattern[str] | Callable[[Path], object]) -> Recognise:
    """Return a `recognise` by file name: the share of recordings whose name fits.

    Args:
        names: a pattern that the whole stem must match, or a function that returns a false value for a path
            that does not fit.
    """

    def fits(file: Path) -> bool:
        return bool(names.fullmatch(file.stem) if isinstance(names, re.Pattern) else names(file))

    def share(path: Path, files: Sequence[Path]) -> float:
        return sum(map(fits, files)) / len(files) if files else 0.0

    return share


def list_corpora() -> list[str]:
    """Return the names of the corpora that can be read; `CORPORA` has the entries.

    >>> "cremad" in list_corpora()
    True
    """
    return list(CORPORA)


FREE = "free, according to its authors"
"""Licence of a corpus that its authors describe as free, without naming a licence."""


def licence_of(corpus: str) -> str:
    """Return the licence of a corpus by its name in a corpus table; "" if it is unknown.

    >>> licence_of("synthetic")
    'CC0-1.0 (synthetic speech, nobody was recorded)'
    """
    if corpus == SYNTHETIC:
        return _SYNTHETIC_LICENCE
    return CORPORA[corpus].licence if corpus in CORPORA else ""
