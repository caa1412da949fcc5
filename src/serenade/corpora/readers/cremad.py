"""CREMA-D: 7,442 clips, 91 actors, six emotions, and what listeners heard in each.

Cao et al., "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset", IEEE Trans. Affect. Comput. 5,
2014. The recordings may be wav, flac, mp3 or opus, or ready-made spectrograms `{EMO}/{stem}_original.npy`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from serenade.corpora.registry import named_clips, register_corpus
from serenade.corpora.table import new_table
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
"""Endings of ready-made spectrograms: the clip as it is, and its eight altered copies."""

QUERIES = {"sound": 1, "face": 2, "both": 3}
"""What the listeners were given. `tabulatedVotes.csv` numbers its rows 100001…, 200001…, 300001… by query."""

_NAME = (
    r"(?P<actor>1\d{3})_(?P<sentence>[A-Z]{3})_(?P<emotion>ANG|DIS|FEA|HAP|NEU|SAD)_(?P<level>LO|MD|HI|XX?)"
    rf"(?:_(?P<variant>{'|'.join(VARIANTS)}))?"
)
_LOOKS_LIKE = "1001_DFA_ANG_XX.wav or ANG/1001_DFA_ANG_XX_original.npy"
_FILES = ("VideoDemographics.csv", "tabulatedVotes.csv", "summaryTable.csv")


@dataclass(frozen=True, kw_only=True)
class Name:
    """What a file's name says. `clip` is the official name, `variant` "" for a recording."""

    clip: str
    actor: str
    sentence: str
    emotion: str
    level: str
    variant: str


def parse_name(stem: str) -> Name | None:
    """Read a file's stem, or None when it is not a CREMA-D name.

    One official file lacks a letter of its level (`1040_ITH_SAD_X`); it is read as `XX`.

    >>> parse_name("1001_DFA_ANG_XX").emotion, parse_name("1001_IEO_HAP_LO_pitch_up").variant
    ('anger', 'pitch_up')
    >>> parse_name("1040_ITH_SAD_X").clip
    '1040_ITH_SAD_XX'
    >>> parse_name("03-01-05-01-02-01-12") is None
    True
    """
    match = re.fullmatch(_NAME, stem)
    return None if match is None else _name(match)


@register_corpus(
    "cremad",
    licence="ODbL-1.0 (database), DbCL-1.0 (contents)",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    languages=("en",),
    looks_like=_LOOKS_LIKE,
    recognise=_NAME,
)
def read_cremad(
    path: str | Path,
    *,
    targets: Literal["sound", "face", "both"] = "sound",
    metadata: str | Path | None = None,
) -> pd.DataFrame:
    """Read CREMA-D from a folder that holds its recordings or spectrograms anywhere below.

    Args:
        path: the folder, e.g. `CREMA-D/` or `CREMA-D/AudioWAV`.
        targets: whose votes become the soft labels `emotion_<name>`: of those who heard the sound, saw the
            face, or both.
        metadata: folder of `VideoDemographics.csv`, `tabulatedVotes.csv`, `summaryTable.csv`; looked for in
            `path`, its parents and `metadata/` beside it when None.

    Returns:
        The table with the extras sentence, text, level; with demographics age, race, ethnicity; with votes
        the soft labels, `listeners_emotion` / `_face` / `_both` (the plurality, tied names joined by "|") and
        `listeners_votes` (how many heard the sound). `variant` is there for spectrograms. What was not found
        is told in `table.attrs["notes"]`.

    Raises:
        CorpusError: no clip of CREMA-D there, or no metadata where `metadata` says.
    """
    path = Path(path)
    if targets not in QUERIES:
        raise CorpusError(f"targets={targets!r} is none of the listeners' tasks; use {', '.join(QUERIES)}")
    clips, notes = named_clips(
        path,
        _NAME,
        corpus="cremad",
        looks_like=_LOOKS_LIKE,
        identity=lambda match: f"{_name(match).clip} {_name(match).variant}",
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
    table, said = _with_demographics(table, found.get("VideoDemographics.csv"))
    notes += said
    table, said = _with_votes(table, found, targets)
    table.attrs["notes"] = notes + said
    return table


def find_metadata(path: Path, folder: str | Path | None = None) -> dict[str, Path]:
    """The official tables by name, from `folder`, or from around `path`.

    Raises:
        CorpusError: `folder` is given and holds none of them.
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
            f"holds none of {', '.join(_FILES)}; give the folder of CREMA-D's tables", file=folder
        )
    return found


def read_votes(file: str | Path) -> dict[str, pd.DataFrame]:
    """Votes of `tabulatedVotes.csv`: for each query a frame of counts, a row a clip, a column an emotion."""
    raw = pd.read_csv(file, dtype={"fileName": str})
    raw = raw.rename(columns={raw.columns[0]: "row"})
    letters = {letter: canonical(letter) or letter for letter in "ADFHNS"}
    votes = raw.rename(columns=letters).assign(clip=[_official(name) for name in raw["fileName"]])
    return {
        query: votes[votes["row"] // 100_000 == number].set_index("clip")[list(letters.values())]
        for query, number in QUERIES.items()
    }


def plurality(votes: pd.DataFrame) -> pd.Series[str]:
    """The emotion with most votes for each clip; tied ones in alphabetical order, joined by "|".

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
        return table, ["VideoDemographics.csv was not found: sex and age are unknown (option metadata)"]
    people = pd.read_csv(file, dtype=str).set_index("ActorID")
    sex = table["speaker"].map(people["Sex"].str.lower()).fillna("")
    return table.assign(
        sex=sex,
        age=pd.to_numeric(table["speaker"].map(people["Age"])),
        race=table["speaker"].map(people["Race"]).fillna(""),
        ethnicity=table["speaker"].map(people["Ethnicity"]).fillna(""),
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
        said = []
    elif "summaryTable.csv" in found:
        columns = {}
        pluralities = _summary(found["summaryTable.csv"])
        said = ["tabulatedVotes.csv was not found: no soft labels, only what most listeners said"]
    else:
        return table, ["tabulatedVotes.csv was not found: the listeners' votes are unknown (option metadata)"]
    named = {"sound": "listeners_emotion", "face": "listeners_face", "both": "listeners_both"}
    for query, column in named.items():
        columns[column] = clips.map(pluralities[query]).fillna("")
    return table.assign(**columns), said


def _summary(file: Path) -> dict[str, pd.Series[str]]:
    """The pluralities of `summaryTable.csv`, whose ties read "A:D"."""
    raw = pd.read_csv(file, dtype=str)
    raw.index = pd.Index([_official(name) for name in raw["FileName"]])

    def spell(vote: str) -> str:
        return "|".join(sorted(canonical(letter) or letter for letter in vote.split(":")))

    columns = {"sound": "VoiceVote", "face": "FaceVote", "both": "MultiModalVote"}
    return {query: raw[column].map(spell) for query, column in columns.items()}
