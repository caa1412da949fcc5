"""CREMA-D: 7,442 clips, 91 actors, six emotions, and the votes of listeners.

Cao et al., "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset", IEEE Trans. Affect. Comput. 5,
2014. Recordings in any format, or spectrograms `{EMO}/{stem}_original.npy`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from serenade.corpora.corpus_table import new_table
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

QUERIES = {"sound": 1, "face": 2, "both": 3}
"""What the listeners were played. `tabulatedVotes.csv` numbers its rows 100001…, 200001…, 300001… by query.
"""

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
_FILES = ("VideoDemographics.csv", "tabulatedVotes.csv", "summaryTable.csv")


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
        row: dict[str, Any] = asdict(name) | {
            "file": file,
            "source": name.clip,
            "speaker": name.actor,
            "corpus": "cremad",
        }
        row |= {"language": "en", "text": SENTENCES.get(name.sentence, "")}
        rows.append({key: value for key, value in row.items() if key != "variant" or spectrograms})
    table = new_table(rows, root=path).drop(columns=["clip", "actor"])

    found = find_metadata(path, metadata)
    table, demographics_notes = _with_demographics(table, found.get("VideoDemographics.csv"))
    table, votes_notes = _with_votes(table, found, targets)
    table.attrs["notes"] = [*notes, *demographics_notes, *votes_notes]
    return table


def find_metadata(path: Path, folder: str | Path | None = None) -> dict[str, Path]:
    """Find the official tables, by name.

    Args:
        path: folder of the corpus; searched with its parents if `folder` is None.
        folder: folder of the tables.

    Raises:
        CorpusError: `folder` contains none of them.
    """
    places = [Path(folder)] if folder else []
    if not folder:
        for place in (path.resolve(), *list(path.resolve().parents)[:3]):
            places += [place, place / "metadata"]
    found: dict[str, Path] = {}
    for name in _FILES:
        for place in places:
            if (place / name).is_file():
                found[name] = place / name
                break
    if folder and not found:
        raise CorpusError(
            f"contains none of {', '.join(_FILES)}; give the folder of CREMA-D's tables", file=folder
        )
    return found


def read_votes(file: str | Path) -> dict[str, pd.DataFrame]:
    """Read `tabulatedVotes.csv`: for each query the number of votes, a row per clip, a column per emotion."""
    raw = pd.read_csv(file, dtype={"fileName": str})
    raw = raw.rename(columns={raw.columns[0]: "row"})
    letters = {letter: canonical(letter) or letter for letter in "ADFHNS"}
    votes = raw.rename(columns=letters).assign(clip=[_official(name) for name in raw["fileName"]])
    return {
        query: votes[votes["row"] // 100_000 == number].set_index("clip")[list(letters.values())]
        for query, number in QUERIES.items()
    }


def plurality(votes: pd.DataFrame) -> pd.Series[str]:
    """Return the emotion with most votes of each clip; ties in alphabetical order, joined by "|".

    >>> plurality(pd.DataFrame({"anger": [3, 2], "fear": [1, 2]})).tolist()
    ['anger', 'anger|fear']
    """
    names = sorted(votes.columns)
    counts = votes[names].to_numpy()
    most = counts == counts.max(axis=1, keepdims=True)
    return pd.Series(["|".join(compress(names, row)) for row in most], index=votes.index)


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


def _official(name: str) -> str:
    return f"{name}X" if name.endswith("_X") else name


def _with_demographics(table: pd.DataFrame, file: Path | None) -> tuple[pd.DataFrame, list[str]]:
    if file is None:
        return table, [
            "VideoDemographics.csv was not found: sex and age are unknown (give its folder with --metadata)"
        ]
    demographics = pd.read_csv(file, dtype=str).set_index("ActorID")
    sex = table["speaker"].map(demographics["Sex"].str.lower()).fillna("")
    return table.assign(
        sex=sex,
        age=pd.to_numeric(table["speaker"].map(demographics["Age"])),
        race=table["speaker"].map(demographics["Race"]).fillna(""),
        ethnicity=table["speaker"].map(demographics["Ethnicity"]).fillna(""),
    ), []


def _with_votes(table: pd.DataFrame, found: dict[str, Path], targets: str) -> tuple[pd.DataFrame, list[str]]:
    clips = table["source"]
    if "tabulatedVotes.csv" in found:
        votes = read_votes(found["tabulatedVotes.csv"])
        columns: dict[str, Any] = {
            f"emotion_{name}": clips.map(share)
            for name, share in votes[targets].div(votes[targets].sum(axis=1), axis=0).items()
        }
        columns["listeners_votes"] = clips.map(votes["sound"].sum(axis=1))
        pluralities = {query: plurality(counts) for query, counts in votes.items()}
        notes = []
    elif "summaryTable.csv" in found:
        columns = {}
        pluralities = _summary(found["summaryTable.csv"])
        notes = ["tabulatedVotes.csv was not found: no soft labels, only the plurality of the votes"]
    else:
        return table, ["tabulatedVotes.csv was not found: the votes of listeners are unknown (--metadata)"]
    names = {"sound": "listeners_emotion", "face": "listeners_face", "both": "listeners_both"}
    for query, column in names.items():
        columns[column] = clips.map(pluralities[query]).fillna("")
    return table.assign(**columns), notes


def _summary(file: Path) -> dict[str, pd.Series[str]]:
    """Read the pluralities of `summaryTable.csv`, whose ties are written "A:D"."""
    raw = pd.read_csv(file, dtype=str)
    raw.index = pd.Index([_official(name) for name in raw["FileName"]])

    def names(vote: str) -> str:
        return "|".join(sorted(canonical(letter) or letter for letter in vote.split(":")))

    columns = {"sound": "VoiceVote", "face": "FaceVote", "both": "MultiModalVote"}
    return {query: raw[column].map(names) for query, column in columns.items()}


register_corpus(
    Corpus(
        name="cremad",
        title="CREMA-D",
        read=read_cremad,
        licence="ODbL-1.0 (database), DbCL-1.0 (contents)",
        url="https://github.com/CheyneyComputerScience/CREMA-D",
        languages=("en",),
        acted=True,
        looks_like=_LOOKS_LIKE,
        recognise=share_named(_NAME),
        example={"AudioWAV/1001_DFA_ANG_XX.wav": "", "AudioWAV/1002_IEO_HAP_LO.wav": ""},
        unusable=UNUSABLE,
    )
)
