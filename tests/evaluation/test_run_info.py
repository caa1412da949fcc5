"""Splits and logs of a run; clips shared with train are found by speaker and by clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from serenade.errors import RunError
from serenade.evaluation.run_info import describe_splits, read_logs
from serenade.folders import RunFolder


def change_split(run: RunFolder, **columns) -> None:
    run.write_split(
        [replace(row, **{name: make(row) for name, make in columns.items()}) for row in run.read_split()]
    )


def test_a_split_that_shares_nothing(run: RunFolder, predictions: pd.DataFrame) -> None:
    (split,) = describe_splits(run, predictions)
    assert split["parts"] == {"train": {"clips": 60, "speakers": 6}, "test": {"clips": 60, "speakers": 6}}
    assert (split["shared_speakers"], split["shared_sources"], split["shared_dialogues"]) == ([], 0, 0)


def test_a_shared_speaker_is_named(run: RunFolder, predictions: pd.DataFrame) -> None:
    change_split(run, speaker=lambda row: row.speaker.replace("103", "03"))
    assert describe_splits(run, predictions)[0]["shared_speakers"] == ["03"]


def test_a_shared_clip_is_counted(run: RunFolder, predictions: pd.DataFrame) -> None:
    change_split(run, source=lambda row: row.source.replace("tclip007", "clip007"))
    assert describe_splits(run, predictions)[0]["shared_sources"] == 1


def test_names_in_another_store_are_not_compared(run: RunFolder, predictions: pd.DataFrame) -> None:
    change_split(run, part=lambda row: "train")
    (split,) = describe_splits(run, predictions, own_store=False)
    assert (split["shared_speakers"], split["shared_sources"]) == ([], 0)


def test_augmented_copies_are_not_further_clips(run: RunFolder, predictions: pd.DataFrame) -> None:
    rows = run.read_split()
    run.write_split([*rows, *(replace(row, id=f"{row.id}_noise") for row in rows)])
    assert describe_splits(run, predictions)[0]["parts"]["train"]["clips"] == 60


def test_each_fold_is_compared_with_its_own_predictions(
    tmp_path: Path, run: RunFolder, predictions: pd.DataFrame
) -> None:
    many = RunFolder(tmp_path / "many")
    for fold in (1, 2):
        many.fold_run(fold=fold, seed=0).write_log(run.read_log())
    many.fold_run(fold=1, seed=0).write_split(run.read_split())
    change_split(run, part=lambda row: "train")
    many.fold_run(fold=2, seed=0).write_split(run.read_split())
    folds = predictions.assign(seed=0, fold=[1 if i < 30 else 2 for i in range(60)])
    one, two = describe_splits(many, folds)
    assert (one["name"], one["shared_sources"], two["shared_sources"]) == ("fold1-seed0", 0, 30)
    assert list(read_logs(many)) == ["fold1-seed0", "fold2-seed0"]


def test_logs(run: RunFolder, tmp_path: Path) -> None:
    assert [line["epoch"] for line in read_logs(run)["run"]] == [1, 2, 3, 4]
    assert read_logs(RunFolder(tmp_path / "none")) == {}


def test_a_damaged_log_is_named(run: RunFolder) -> None:
    run.log.write_text("{half")
    with pytest.raises(RunError, match=r"log\.jsonl: is damaged in line 1"):
        read_logs(run)
