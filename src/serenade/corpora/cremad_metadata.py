"""The tables of CREMA-D: demographics of the actors and votes of the listeners."""

from __future__ import annotations

from itertools import compress
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.metadata import read_metadata
from serenade.errors import CorpusError
from serenade.labels import canonical

QUERIES = {"sound": 1, "face": 2, "both": 3}
"""What was played to the listeners. `tabulatedVotes.csv` numbers its rows by query: 100001…, 200001…, …"""

_FILES = ("VideoDemographics.csv", "tabulatedVotes.csv", "summaryTable.csv")
_LETTERS = {letter: canonical(letter) or letter for letter in "ADFHNS"}


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
    raw = read_metadata(file, ("", "fileName", *_LETTERS), numbers=("", *_LETTERS))
    votes = raw.rename(columns=_LETTERS).assign(clip=[official_name(name) for name in raw["fileName"]])
    return {
        query: votes[votes[""] // 100_000 == number].set_index("clip")[list(_LETTERS.values())]
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


def official_name(clip: str) -> str:
    """Return the name of a clip with the two-letter level that one official name lacks.

    >>> official_name("1040_ITH_SAD_X"), official_name("1001_DFA_ANG_XX")
    ('1040_ITH_SAD_XX', '1001_DFA_ANG_XX')
    """
    return f"{clip}X" if clip.endswith("_X") else clip


def with_demographics(table: pd.DataFrame, file: Path | None) -> tuple[pd.DataFrame, list[str]]:
    """Add sex, age, race and ethnicity of the speakers; without `file`, a note says that they are unknown."""
    if file is None:
        return table, [
            "VideoDemographics.csv was not found: sex and age are unknown (give its folder with --metadata)"
        ]
    columns = ("ActorID", "Age", "Sex", "Race", "Ethnicity")
    demographics = read_metadata(file, columns, numbers=("Age",)).set_index("ActorID")
    return table.assign(
        sex=table["speaker"].map(demographics["Sex"].str.lower()).fillna(""),
        age=table["speaker"].map(demographics["Age"]),
        race=table["speaker"].map(demographics["Race"]).fillna(""),
        ethnicity=table["speaker"].map(demographics["Ethnicity"]).fillna(""),
    ), []


def with_votes(table: pd.DataFrame, found: dict[str, Path], targets: str) -> tuple[pd.DataFrame, list[str]]:
    """Add soft labels and pluralities of the listeners' votes; notes say what is missing.

    Args:
        table: a corpus table of CREMA-D.
        found: of `find_metadata`.
        targets: the query whose votes become the soft labels.
    """
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
        pluralities = _read_summary(found["summaryTable.csv"])
        notes = ["tabulatedVotes.csv was not found: no soft labels, only the plurality of the votes"]
    else:
        return table, ["tabulatedVotes.csv was not found: the votes of listeners are unknown (--metadata)"]
    names = {"sound": "listeners_emotion", "face": "listeners_face", "both": "listeners_both"}
    for query, column in names.items():
        columns[column] = clips.map(pluralities[query]).fillna("")
    return table.assign(**columns), notes


def _read_summary(file: Path) -> dict[str, pd.Series[str]]:
    """Read the pluralities of `summaryTable.csv`, whose ties are written "A:D"."""
    columns = {"sound": "VoiceVote", "face": "FaceVote", "both": "MultiModalVote"}
    raw = read_metadata(file, ("FileName", *columns.values()))
    raw.index = pd.Index([official_name(name) for name in raw["FileName"]])

    def names(vote: str) -> str:
        return "|".join(sorted(canonical(letter) or letter for letter in vote.split(":")))

    return {query: raw[column].map(names) for query, column in columns.items()}
