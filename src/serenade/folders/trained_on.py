"""What a model was trained on: speakers, source clips and sounds of train and dev, small enough to travel.

An evaluation on another store leaves out what the model was trained on. Names of clips and sounds are stored
as short hashes, speakers as they are named in the corpus.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

FORMAT, VERSION = "serenade-trained-on", 1
_DIGITS = 12
"""Hexadecimal digits of a hash: among 10,000 by 10,000 clips two agree by chance once in 3 million cases."""


@dataclass(frozen=True, kw_only=True)
class CorpusClips:
    """The clips of one corpus that were trained on.

    Attributes:
        speakers: their names in the corpus; "" is not among them.
        sources: `short_hash` of the source of each clip.
        sounds: `short_hash` of the `sha256` of each clip in the store's index.
    """

    speakers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TrainedOn:
    """`trained_on.json` of a model folder.

    Attributes:
        train: the clips that the weights were fitted on, by corpus.
        dev: the clips that the epoch, the temperature and the threshold were chosen on, by corpus.
    """

    train: dict[str, CorpusClips] = field(default_factory=dict)
    dev: dict[str, CorpusClips] = field(default_factory=dict)
    format: str = FORMAT
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)

    def speakers(self, corpus: str) -> set[str]:
        """The speakers of train and dev, as the corpus names them."""
        return {name for part in self._of(corpus) for name in part.speakers}

    def sources(self, corpus: str) -> set[str]:
        """`short_hash` of the source clips of train and dev."""
        return {name for part in self._of(corpus) for name in part.sources}

    @property
    def sounds(self) -> set[str]:
        """`short_hash` of the sounds of train and dev, of all corpora."""
        parts = [*self.train.values(), *self.dev.values()]
        return {sound for part in parts for sound in part.sounds}

    def _of(self, corpus: str) -> list[CorpusClips]:
        return [part[corpus] for part in (self.train, self.dev) if corpus in part]


def short_hash(text: str) -> str:
    """The first 12 hexadecimal digits of a SHA-256; "" of "".

    >>> short_hash("1001_DFA_ANG_XX")
    '8474f9a6deb1'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS] if text else ""
