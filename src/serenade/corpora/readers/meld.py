"""MELD: 13,708 utterances of 1,432 dialogues from a television series, text and sound, seven emotions.

Poria et al., "MELD: A Multimodal Multi-Party Dataset for Emotion Recognition in Conversations", ACL 2019.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import new_table
from serenade.corpora.metadata import read_metadata
from serenade.corpora.registry import Corpus, register_corpus
from serenade.errors import CorpusError
from serenade.text import counted

FOLDERS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
"""The folder of the clips of each part."""

_PART_OF = {folder: part for part, folder in FOLDERS.items()}
_TABLE = re.compile(r"(train|dev|test)_sent_emo\.csv")
_CLIP = re.compile(r"dia(\d+)_utt(\d+)")
_TIME = re.compile(r"(\d{1,2}):(\d\d):(\d\d)[,.](\d{1,3})")
_RANK = {".mp4": 0, ".wav": 1}
COLUMNS = (
    "Utterance",
    "Speaker",
    "Emotion",
    "Sentiment",
    "Dialogue_ID",
    "Utterance_ID",
    "Season",
    "Episode",
    "StartTime",
    "EndTime",
)
"""The columns of a table, besides the row number."""

_NAMED = 5

# The tables in MELD.Raw.tar.gz have cp1252 text decoded as Latin-1: a curly apostrophe is U+0092.
_CP1252 = {
    code: text
    for code in range(0x80, 0xA0)
    if (text := bytes([code]).decode("cp1252", errors="ignore"))
} | {0xA0: " "}  # fmt: skip


def _recognise(path: Path, files: Sequence[Path]) -> float:
    if not path.is_dir():
        return 0.0
    if any(_TABLE.fullmatch(name) for name in os.listdir(path)):
        return 1.0
    return sum(bool(_CLIP.fullmatch(file.stem)) for file in files) / len(files) if files else 0.0


def read_meld(path: str | Path) -> pd.DataFrame:
    """Read `MELD.Raw`, or its tables alone (`{train,dev,test}_sent_emo.csv`, or some of them).

    Rows are in the order of the tables. `file` is the path of the clip, or the path where it is expected.
    `source` and `dialogue` (`train/60`) are unique across the parts, each of which numbers its dialogues from
    0. Further columns: dialogue; utterance (the number in the file name); rank (the position in the dialogue,
    from 0; not equal to utterance where one was removed); text; sentiment; season; episode; clip_start_s and
    clip_end_s (in the episode).

    A clip is an `.mp4` or else a `.wav` file, in the folder of its part or below. Files without a row and
    rows without a file are counted in `attrs["notes"]`.

    Raises:
        CorpusError: there is no table, or a table lacks a column, has an invalid number or time, or contains
            an utterance twice.
    """
    path = Path(path)
    if not path.is_dir():
        raise CorpusError("is not a folder; MELD is read from the folder of its tables", file=path)
    tables, clips, unnamed, duplicates = _search(path)
    if not tables:
        raise CorpusError(
            "contains none of the tables of MELD (train_sent_emo.csv, dev_sent_emo.csv, test_sent_emo.csv); "
            "copy them into it",
            file=path,
        )
    rows: list[dict[str, Any]] = []
    for part, file in tables.items():
        rows += _rows_of(file, part, path, clips)
    table = new_table(rows)
    table["part"] = table["split"].map({part: number for number, part in enumerate(FOLDERS)})
    table["number"] = table["dialogue"].str.partition("/")[2].astype(int)
    table = table.sort_values(["part", "number", "rank"], ignore_index=True)
    table = table.drop(columns=["part", "number"])
    table.attrs["notes"] = _notes(table, tables, clips, unnamed, duplicates)
    return table


def seconds_of(time: str) -> float:
    """Convert `0:16:16,059` or `00:16:16,059` to seconds; a two-digit fraction is in hundredths.

    Raises:
        ValueError: it is not such a time.

    >>> seconds_of("0:16:16,059"), seconds_of("00:05:11,82")
    (976.059, 311.82)
    """
    match = _TIME.fullmatch(time.strip())
    if match is None:
        raise ValueError(f"{time!r} is not a time like 00:16:16,059")
    hours, minutes, whole, fraction = match.groups()
    return float(f"{int(hours) * 3600 + int(minutes) * 60 + int(whole)}.{fraction}")


Key = tuple[str, int, int]
"""Part, Dialogue_ID, Utterance_ID."""


def _search(path: Path) -> tuple[dict[str, Path], dict[Key, Path], list[str], int]:
    """Find the tables nearest to the root, the clips, other files in the clips' folders, and duplicates."""
    tables: dict[str, Path] = {}
    clips: dict[Key, Path] = {}
    unnamed: list[str] = []
    duplicates = 0
    seen = set()
    for folder, subfolders, names in os.walk(path, followlinks=True):
        # Clips are often on another disk, behind a link; a link to a folder above must not make a loop.
        if (real := os.path.realpath(folder)) in seen:
            subfolders.clear()
            continue
        seen.add(real)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        within = Path(folder).relative_to(path).parts
        part = next((_PART_OF[name] for name in reversed(within) if name in _PART_OF), None)
        for name in sorted(names):
            file = Path(folder, name)
            if name.startswith("."):
                continue  # AppleDouble files
            if match := _TABLE.fullmatch(name):
                tables.setdefault(match[1], file)
            if part is None or (rank := _RANK.get(file.suffix.lower())) is None:
                continue
            if (match := _CLIP.fullmatch(file.stem)) is None:
                unnamed.append(f"{within[-1]}/{name}")
                continue
            key = (part, int(match[1]), int(match[2]))
            duplicates += key in clips
            if key not in clips or rank < _RANK[clips[key].suffix.lower()]:
                clips[key] = file
    return {part: tables[part] for part in FOLDERS if part in tables}, clips, unnamed, duplicates


def _rows_of(file: Path, part: str, root: Path, clips: dict[Key, Path]) -> list[dict[str, Any]]:
    content = _read_table(file)
    keys = [(part, d, u) for d, u in zip(content["Dialogue_ID"], content["Utterance_ID"], strict=True)]
    return [
        {
            "file": clips.get(key, root / FOLDERS[part] / f"dia{key[1]}_utt{key[2]}.mp4"),
            "emotion": row["Emotion"],
            "speaker": row["Speaker"],
            "language": "en",
            "corpus": "meld",
            "split": part,
            "source": f"{part}/dia{key[1]}_utt{key[2]}",
            "dialogue": f"{part}/{key[1]}",
            "utterance": key[2],
            "rank": row["rank"],
            "text": row["Utterance"],
            "sentiment": row["Sentiment"],
            "season": row["Season"],
            "episode": row["Episode"],
            "clip_start_s": row["StartTime"],
            "clip_end_s": row["EndTime"],
        }
        for key, row in zip(keys, content.to_dict("records"), strict=True)
    ]


def _read_table(file: Path) -> pd.DataFrame:
    """Read a table, with corrected text, numbers and times converted, and the column `rank`."""
    content: pd.DataFrame = read_metadata(file, COLUMNS).apply(
        lambda column: column.str.translate(_CP1252).str.strip()
    )
    try:
        for name in ("Dialogue_ID", "Utterance_ID", "Season", "Episode"):
            content[name] = content[name].astype(int)
        for name in ("StartTime", "EndTime"):
            content[name] = content[name].map(seconds_of)
    except ValueError as cause:
        raise CorpusError(f"column {name}: {cause}; copy it again", file=file) from cause
    repeated = content.duplicated(["Dialogue_ID", "Utterance_ID"])
    if repeated.any():
        first = content[repeated].iloc[0]
        raise CorpusError(
            f"has utterance {first['Utterance_ID']} of dialogue {first['Dialogue_ID']} twice; remove one",
            file=file,
        )
    content["rank"] = content.groupby("Dialogue_ID")["Utterance_ID"].rank().astype(int) - 1
    return content


def _notes(
    table: pd.DataFrame,
    tables: dict[str, Path],
    clips: dict[Key, Path],
    unnamed: list[str],
    duplicates: int,
) -> list[str]:
    rows = {(part, *map(int, source.split("/dia")[1].split("_utt")))
            for part, source in zip(table["split"], table["source"], strict=True)}  # fmt: skip
    notes = ["all parts share the speakers: a split by dialogue, not by speaker"]
    if absent := [f"{part}_sent_emo.csv" for part in FOLDERS if part not in tables]:
        notes.append(f"missing: {', '.join(absent)}")
    if not clips:
        return [*notes, "there are no clips, only texts and labels"]
    if missing := [_name(key) for key in sorted(rows - clips.keys())]:
        notes.append(f"{counted(len(missing), 'row')} without a clip: {_some(missing)}")
    if unlisted := [_name(key) for key in sorted(clips.keys() - rows)]:
        notes.append(f"{counted(len(unlisted), 'clip')} without a row: skipped ({_some(unlisted)})")
    if unnamed:
        notes.append(
            f"{counted(len(unnamed), 'file')} without a file name of MELD: skipped ({_some(unnamed)})"
        )
    if duplicates:
        notes.append(
            f"{counted(duplicates, 'clip')} twice, as MP4 and WAV or in two folders: the MP4 file is used"
        )
    return notes


def _name(key: Key) -> str:
    part, dialogue, utterance = key
    return f"{part}/dia{dialogue}_utt{utterance}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")


register_corpus(
    Corpus(
        name="meld",
        title="MELD",
        read=read_meld,
        licence="GPL-3.0 (labels and texts); the sound is of a television series",
        url="https://github.com/declare-lab/MELD",
        languages=("en",),
        acted=True,
        looks_like="train_sent_emo.csv, train_splits/dia0_utt0.mp4",
        recognise=_recognise,
        example={
            "train_sent_emo.csv": ",".join(COLUMNS)
            + '\nHello!,Joey,joy,positive,0,0,1,1,"00:00:01,500","00:00:02,750"\n',
            "train_splits/dia0_utt0.mp4": "",
        },
    )
)
