"""Where a run comes from: its split, log and recipe, and whether it heard what it is tested on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora import PARTS
from serenade.errors import CorpusError


def run_folders(run: Path) -> dict[str, Path]:
    """The run folders beneath `run` by name: itself, or its `fold1-seed0`, … where there are several.

    >>> run_folders(Path("/nowhere"))
    {'nowhere': PosixPath('/nowhere')}
    """
    inner = sorted(run.glob("fold*-seed*/")) if run.is_dir() else []
    return {folder.name: folder for folder in inner} or {run.name: run}


def read_logs(run: Path) -> dict[str, list[dict[str, float]]]:
    """The lines of `log.jsonl` by the name of the run; a run without a log is left out.

    Raises:
        CorpusError: a log that is not JSON lines.
    """
    logs = {}
    for name, folder in run_folders(run).items():
        file = folder / "log.jsonl"
        if not file.is_file():
            continue
        try:
            lines = [
                json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()
            ]
        except ValueError as cause:
            raise CorpusError(f"is not a log of one JSON object a line ({cause})", file=file) from cause
        if lines:
            logs[name] = lines
    return logs


def read_recipe(run: Path) -> str:
    """The resolved recipe as it was written, or ""."""
    for folder in (run, *run_folders(run).values()):
        if (folder / "recipe.toml").is_file():
            return (folder / "recipe.toml").read_text(encoding="utf-8")
    return ""


def describe_splits(run: Path, predictions: pd.DataFrame) -> list[dict[str, Any]]:
    """What was trained on, one entry a `split.csv`, and what of the evaluated clips it shares.

    Returns:
        For each: `name`, `parts` (clips, speakers and clips per emotion of each part), `unused` clips,
        `evaluated` (names of parts, or "another store"), `shared_speakers`, `shared_dialogues` and
        `shared_sources`: evaluated speakers, dialogues and source clips that are in the training part too.

    Raises:
        CorpusError: a `split.csv` that cannot be read.
    """
    return [
        _describe(name, split, _of_run(predictions, name))
        for name, folder in run_folders(run).items()
        for split in _splits(folder)
    ]


def _splits(folder: Path) -> Iterator[pd.DataFrame]:
    file = folder / "split.csv"
    if not file.is_file():
        return
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    if missing := {"source", "speaker", "emotion", "part"} - set(table.columns):
        raise CorpusError(f"lacks the columns {', '.join(sorted(missing))}", file=file)
    yield table


def _of_run(predictions: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows that this run predicted; all of them where rows do not say which run they come from."""
    found = re.fullmatch(r"fold(\d+)-seed(\d+)", name)
    for key, value in zip(("fold", "seed"), found.groups() if found else (), strict=False):
        if key in predictions.columns:
            predictions = predictions[predictions[key].astype(int) == int(value)]
    return predictions


def _describe(name: str, split: pd.DataFrame, evaluated: pd.DataFrame) -> dict[str, Any]:
    clips = split.drop_duplicates(["source", "part"])  # augmented copies are not further clips
    parts = {
        part: {
            "clips": len(rows),
            "speakers": int(rows["speaker"].nunique()),
            "emotions": {str(k): int(v) for k, v in rows["emotion"].value_counts().sort_index().items()},
        }
        for part in PARTS
        if len(rows := clips[clips["part"] == part])
    }
    sources = set(evaluated["source"])
    here = clips[clips["source"].isin(sources)]
    train = clips[clips["part"] == "train"]
    shared = set(evaluated["speaker"]) & set(train["speaker"]) - {""}
    return {
        "name": name,
        "parts": parts,
        "unused": int((clips["part"] == "").sum()),
        "evaluated": "+".join(part for part in PARTS if (here["part"] == part).any()) or "another store",
        # Another corpus may number its speakers alike, so names count only where the clips are of this one.
        "shared_speakers": sorted(shared) if len(here) else [],
        "shared_dialogues": _shared_dialogues(evaluated, train) if len(here) else 0,
        "shared_sources": len(sources & set(train["source"])),
    }


def _shared_dialogues(evaluated: pd.DataFrame, train: pd.DataFrame) -> int:
    if "dialogue" not in evaluated or "dialogue" not in train:
        return 0
    return len(set(evaluated["dialogue"]) & set(train["dialogue"]) - {""})
