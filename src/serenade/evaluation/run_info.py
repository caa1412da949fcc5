"""What an evaluation shows of the training run: learning curves, splits, and clips shared with train."""

from __future__ import annotations

from typing import Any

import pandas as pd

from serenade.corpora import PARTS
from serenade.folders import EpochLog, RunFolder


def describe_splits(
    run: RunFolder, predictions: pd.DataFrame, *, own_store: bool = True
) -> list[dict[str, Any]]:
    """Describe the split of each fold run.

    Args:
        run: the run folder.
        predictions: a checked table of predictions.
        own_store: whether the predictions are for the store that the run was trained on. Names of speakers
        and
            clips of another store say nothing about this one.

    Returns:
        For each fold run: `name`, `parts` (`clips` and `speakers` of each part), `unused` clips, and
        `shared_speakers`, `shared_dialogues`, `shared_sources`: evaluated speakers, dialogues and source
        clips that are in its train part, too.

    Raises:
        RunError: a `split.csv` that cannot be read.
    """
    return [
        _describe(fold_run, predictions, own_store=own_store)
        for fold_run in run.fold_runs()
        if fold_run.split.is_file()
    ]


def read_logs(run: RunFolder) -> dict[str, list[EpochLog]]:
    """Return the log of each fold run that has one, by the name of its folder.

    Raises:
        RunError: a log is damaged.
    """
    return {
        fold_run.path.resolve().name: fold_run.read_log()
        for fold_run in run.fold_runs()
        if fold_run.log.is_file()
    }


def predicted_by(fold_run: RunFolder, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions of one fold run; all of them if rows do not state a fold run."""
    for key, value in (("fold", fold_run.fold), ("seed", fold_run.seed)):
        if key in predictions.columns and value is not None:
            predictions = predictions[predictions[key] == value]
    return predictions


def _describe(fold_run: RunFolder, predictions: pd.DataFrame, *, own_store: bool) -> dict[str, Any]:
    split = pd.DataFrame([vars(row) for row in fold_run.read_split()])
    clips = split.drop_duplicates(["source", "part"])  # an augmented copy is not another clip
    train = clips[clips["part"] == "train"]
    evaluated = predicted_by(fold_run, predictions) if own_store else predictions.iloc[:0]
    shared = {
        column: sorted(set(evaluated[column]) & set(train[column]) - {""}) if column in evaluated else []
        for column in ("speaker", "dialogue", "source")
    }
    return {
        "name": fold_run.path.resolve().name,
        "parts": {
            part: {"clips": len(rows), "speakers": int(rows["speaker"].nunique())}
            for part in PARTS
            if len(rows := clips[clips["part"] == part])
        },
        "unused": int((clips["part"] == "").sum()),
        "shared_speakers": shared["speaker"],
        "shared_dialogues": len(shared["dialogue"]),
        "shared_sources": len(shared["source"]),
    }
