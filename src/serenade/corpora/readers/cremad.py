"""CREMA-D: 7,442 clips, 91 actors, six emotions, and the votes of listeners.

Cao et al., "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset", IEEE Trans. Affect. Comput. 5,
2014. Recordings in any format, or spectrograms `{EMO}/{stem}_original.npy`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from serenade.corpora.corpus_table import new_table
from serenade.corpora.cremad_metadata import QUERIES, find_metadata, with_demographics, with_votes
from serenade.corpora.recordings import named_recordings
from serenade.corpora.registry import Corpus, register_corpus, share_named
from serenade.errors import CorpusError
from serenade.labels import canonical

SENTENCES = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": ""}
VARIANTS = (
    "original",
    "time_shift_pos",
    "time_shift_neg",
    "pitch_up",
    "pitch_down",
    "stretch_fast",
    "stretch_slow",
    "noise_low",
    "noise_med",
)
"""Endings of the names of spectrograms: the original and its eight augmented copies."""

UNUSABLE = {
    "1076_MTI_SAD_XX": "is silent",
    "1006_TIE_HAP_XX": "is the same sound as 1006_TIE_NEU_XX, under another label",
    "1006_TIE_NEU_XX": "is the same sound as 1006_TIE_HAP_XX, under another label",
    "1013_WSI_DIS_XX": "is the same sound as 1013_WSI_SAD_XX, under another label",
    "1013_WSI_SAD_XX": "is the same sound as 1013_WSI_DIS_XX, under another label",
    "1017_IWW_ANG_XX": "is the same sound as 1017_IWW_FEA_XX, under another label",
    "1017_IWW_FEA_XX": "is the same sound as 1017_IWW_ANG_XX, under another label",
}
"""Clips that no split trains on."""

_NAME = re.compile(
    r"(?P<actor>1\d{3})_(?P<sentence>[A-Z]{3})_(?P<emotion>ANG|DIS|FEA|HAP|NEU|SAD)_(?P<level>LO|MD|HI|XX?)"
    rf"(?:_(?P<variant>{'|'.join(VARIANTS)}))?"
)
_LOOKS_LIKE = "1001_DFA_ANG_XX.wav or ANG/1001_DFA_ANG_XX_original.npy"


@dataclass(frozen=True, kw_only=True)
class Name:
    """The fields of a file name.

    Attributes:
        clip: the official name of the clip.
        actor: "1001" to "1091".
        sentence: a key of `SENTENCES`.
        emotion: canonical name.
        level: "low", "medium", "high" or "" (unspecified).
        variant: one of `VARIANTS` for a spectrogram, "" for a recording.
    """

    clip: str
    actor: str
    sentence: str
    emotion: str
    level: str
    variant: str


def parse_name(stem: str) -> Name | None:
    """Parse the stem of a file name; None if it is not a name of CREMA-D.

    One official file lacks a letter of its level (`1040_ITH_SAD_X`), which is read as `XX`.

    >>> parse_name("1001_DFA_ANG_XX").emotion, parse_name("1001_IEO_HAP_LO_pitch_up").variant
    ('anger', 'pitch_up')
    >>> parse_name("1040_ITH_SAD_X").clip
    '1040_ITH_SAD_XX'
    >>> parse_name("03-01-05-01-02-01-12") is None
    True
    """
    match = _NAME.fullmatch(stem)
    return None if match is None else _name(match)


def read_cremad(
    path: str | Path,
    *,
    targets: Literal["sound", "face", "both"] = "sound",
    metadata: str | Path | None = None,
) -> pd.DataFrame:
    """Read CREMA-D from a folder that contains its recordings or spectrograms at any depth.

    Args:
        path: the folder, e.g. `CREMA-D/` or `CREMA-D/AudioWAV`.
        targets: whose votes become the soft labels `emotion_<name>`: those of listeners to the sound, of
            viewers of the face, or of both together.
        metadata: folder of `VideoDemographics.csv`, `tabulatedVotes.csv` and `summaryTable.csv`; if None,
            they are searched in `path`, its parents and their folders `metadata`.

    Returns:
        The table with further columns: sentence, text, level; from the demographics age, race, ethnicity;
        from the votes the soft labels, `listeners_emotion`, `listeners_face` and `listeners_both` (the
        plurality; ties joined by "|") and `listeners_votes` (number of listeners to the sound); for
        spectrograms `variant`. Missing tables are named in `attrs["notes"]`.

    Raises:
        CorpusError: there is no clip of CREMA-D, or `metadata` contains none of the tables.
    """
    path = Path(path)
    if targets not in QUERIES:
        raise CorpusError(f"targets={targets!r} is unknown; use {', '.join(QUERIES)}")
    clips, notes = named_recordings(
        path,
        lambda file: _NAME.fullmatch(file.stem),
        title="CREMA-D",
        looks_like=_LOOKS_LIKE,
        clip=lambda file, match: f"{_name(match).clip} {_name(match).variant}",
    )
    spectrograms = clips[0][0].suffix.lower() == ".npy"
    rows: list[dict[str, Any]] = []
    for file, match in clips:
        name = _name(match)
        row = {**_described(name), "file": file}
        rows.append({key: value for key, value in row.items() if key != "variant" or spectrograms})
    table = new_table(rows, root=path).drop(columns=["clip", "actor"])

    found = find_metadata(path, metadata)
    table, demographics_notes = with_demographics(table, found.get("VideoDemographics.csv"))
    table, votes_notes = with_votes(table, found, targets)
    table.attrs["notes"] = [*notes, *demographics_notes, *votes_notes]
    return table


def _describe_file(file: Path) -> dict[str, Any] | None:
    name = parse_name(file.stem)
    return None if name is None else _described(name)


def _described(name: Name) -> dict[str, Any]:
    """What a file name states."""
    named = {"source": name.clip, "speaker": name.actor, "corpus": "cremad", "language": "en"}
    return asdict(name) | named | {"text": SENTENCES.get(name.sentence, "")}


def _name(match: re.Match[str]) -> Name:
    actor, sentence, emotion, level = match.group("actor", "sentence", "emotion", "level")
    level = "XX" if level == "X" else level
    return Name(
        clip=f"{actor}_{sentence}_{emotion}_{level}",
        actor=actor,
        sentence=sentence,
        emotion=canonical(emotion) or "",
        level=LEVELS[level],
        variant=match.group("variant") or "",
    )


register_corpus(
    Corpus(
        name="cremad",
        title="CREMA-D",
        read=read_cremad,
        licence="ODbL-1.0, DbCL-1.0",
        url="https://github.com/CheyneyComputerScience/CREMA-D",
        languages=("en",),
        acted=True,
        looks_like=_LOOKS_LIKE,
        describe_file=_describe_file,
        recognise=share_named(_NAME),
        example={"AudioWAV/1001_DFA_ANG_XX.wav": "", "AudioWAV/1002_IEO_HAP_LO.wav": ""},
        unusable=UNUSABLE,
    )
)
