"""Spellings of one speaker: `1`, `01` and `1.0` are the same person.

Tables often write one number in several ways, for example after a spreadsheet program has opened one of them.
If these were several people, one of them could be in train and another in test. Two people under one name
only make a split stricter, so names are merged wherever they may be the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from serenade.text import counted

_NUMBER = re.compile(r"[+-]?\d+([.,]\d*)?(e[+-]?\d{1,3})?")
_QUOTES = "'\"`’=\N{ACUTE ACCENT}"  # spreadsheet programs keep the zeros of '01 and ="01"
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class MergedSpeaker:
    """A speaker whose name has several spellings.

    Attributes:
        corpus: name of the corpus.
        name: the spelling that is used: that of most clips.
        spellings: all of them, with their number of clips.
    """

    corpus: str
    name: str
    spellings: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-serializable values."""
        return asdict(self)

    def __str__(self) -> str:
        """The spellings.

        >>> str(MergedSpeaker(corpus="calls", name="1", spellings={"1": 9, "01": 2}))
        '1 (9 clips) = 01 (2 clips)'
        """
        return " = ".join(f"{name} ({counted(clips, 'clip')})" for name, clips in self.spellings.items())


def speaker_key(name: str) -> str:
    """Return what all spellings of a speaker's name have in common.

    Numbers are compared by value, also within a name (`S01`, `S1`). Case, spaces, hyphens, underscores and
    the encoding of accents do not matter.

    >>> {speaker_key(name) for name in ("1", "01", "1.0", " 1", "1e0")}
    {'1'}
    >>> speaker_key("Spk_007") == speaker_key("spk 7"), speaker_key("S1.1") == speaker_key("S1.10")
    (True, False)
    """
    composed = unicodedata.normalize("NFKC", name)
    plain = "".join(one for one in composed if unicodedata.category(one) != "Cf").casefold().strip()
    plain = plain.strip(_QUOTES).strip() or plain
    if _NUMBER.fullmatch(plain):
        number = Decimal(plain.replace(",", "."))
        return str(number.normalize()) if number else "0"
    plain = re.sub(r"[\s_\-\N{HYPHEN}-\N{HORIZONTAL BAR}]+", " ", plain).strip()
    return re.sub(r"\d+", lambda digits: str(int(digits[0])), plain)


def merge_speakers(speakers: Iterable[str], corpora: Iterable[str]) -> tuple[list[str], list[MergedSpeaker]]:
    """Give all spellings of a speaker's name within a corpus the one of most clips.

    Args:
        speakers: the name of each clip's speaker; "" if unknown.
        corpora: the corpus of each clip.

    Returns:
        The speaker of each clip, and the speakers that had several spellings.

    >>> merge_speakers(["01", "1", "1", "2"], ["calls"] * 4)[0]
    ['1', '1', '1', '2']
    """
    clips = list(zip(corpora, speakers, strict=True))
    spellings: dict[tuple[str, str], dict[str, int]] = {}
    for (corpus, name), count in Counter(clips).items():
        if name:
            spellings.setdefault((corpus, speaker_key(name)), {})[name] = count
    merged = []
    names: dict[tuple[str, str], str] = {}
    for (corpus, _), counts in sorted(spellings.items()):
        if len(counts) > 1:
            # A tie is decided by length and alphabet, so that the order of the rows does not matter.
            ordered = sorted(counts, key=lambda name: (-counts[name], len(name), name))
            names |= {(corpus, name): ordered[0] for name in counts}
            spelled = {name: counts[name] for name in ordered}
            merged.append(MergedSpeaker(corpus=corpus, name=ordered[0], spellings=spelled))
    return [names.get(clip, clip[1]) for clip in clips], merged


def with_merged_speakers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a corpus table with one spelling per speaker; `attrs["merged_speakers"]` has the others."""
    names, merged = merge_speakers(table["speaker"], table["corpus"])
    result = table.assign(speaker=names)
    result.attrs = {**table.attrs, "merged_speakers": merged}
    return result


def describe_merged(merged: Iterable[MergedSpeaker]) -> list[str]:
    """Describe merged speakers in one note; none if there are none."""
    merged = list(merged)
    if not merged:
        return []
    named = ", ".join(map(str, merged[:_NAMED])) + (", …" if len(merged) > _NAMED else "")
    return [
        f"warning: {counted(len(merged), 'speaker')} with several spellings, each counted as one person "
        f"({named}); write the names of different people differently"
    ]


def names_of_speakers(table: pd.DataFrame) -> pd.Series[str]:
    """The speakers of some rows; with their corpus, where there are several corpora.

    >>> names_of_speakers(pd.DataFrame({"corpus": ["a", "b"], "speaker": ["01", "01"]})).tolist()
    ['a/01', 'b/01']
    """
    if "corpus" not in table or table["corpus"].nunique() < 2:
        return table["speaker"]
    return (table["corpus"] + "/" + table["speaker"]).where(table["speaker"] != "", "")
