"""Leaks are found by speaker and by clip, and only where they are leaks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from serenade.errors import CorpusError
from serenade.evaluation.provenance import describe_splits, read_logs, read_recipe, run_folders


def change_split(run: Path, **columns) -> None:
    table = pd.read_csv(run / "split.csv", dtype=str, keep_default_na=False)
    table.assign(**{name: make(table) for name, make in columns.items()}).to_csv(
        run / "split.csv", index=False
    )


def test_a_clean_split(run: Path, predictions: pd.DataFrame) -> None:
    (split,) = describe_splits(run, predictions)
    assert split["parts"]["test"] == {
        "clips": 60,
        "speakers": 6,
        "emotions": {"anger": 20, "fear": 20, "neutral": 20},
    }
    assert split["evaluated"] == "test"
    assert (split["shared_speakers"], split["shared_sources"]) == ([], 0)


def test_a_shared_speaker_is_named(run: Path, predictions: pd.DataFrame) -> None:
    change_split(run, speaker=lambda t: t["speaker"].replace("103", "03"))
    assert describe_splits(run, predictions)[0]["shared_speakers"] == ["03"]


def test_a_shared_clip_is_counted(run: Path, predictions: pd.DataFrame) -> None:
    change_split(run, source=lambda t: t["source"].replace("tclip007", "clip007"))
    assert describe_splits(run, predictions)[0]["shared_sources"] == 1


def test_equal_names_in_another_store_are_other_people(run: Path, predictions: pd.DataFrame) -> None:
    change_split(run, speaker=lambda t: t["speaker"].str[-2:], source=lambda t: "other/" + t["source"])
    (split,) = describe_splits(run, predictions)
    assert (split["evaluated"], split["shared_speakers"]) == ("another store", [])


def test_augmented_copies_are_not_further_clips(run: Path, predictions: pd.DataFrame) -> None:
    table = pd.read_csv(run / "split.csv", dtype=str)
    pd.concat([table, table]).to_csv(run / "split.csv", index=False)
    assert describe_splits(run, predictions)[0]["parts"]["train"]["clips"] == 60


def test_each_fold_is_held_against_its_own_answers(
    tmp_path: Path, run: Path, predictions: pd.DataFrame
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for fold in (1, 2):
        (many / f"fold{fold}-seed0").mkdir()
        (many / f"fold{fold}-seed0" / "log.jsonl").write_bytes((run / "log.jsonl").read_bytes())
    clean = (run / "split.csv").read_bytes()
    (many / "fold1-seed0" / "split.csv").write_bytes(clean)
    change_split(run, part=lambda t: "train")
    (many / "fold2-seed0" / "split.csv").write_bytes((run / "split.csv").read_bytes())
    folds = predictions.assign(seed=0, fold=[1 if i < 30 else 2 for i in range(60)])
    one, two = describe_splits(many, folds)
    assert (one["name"], one["shared_sources"], two["shared_sources"]) == ("fold1-seed0", 0, 30)
    assert list(run_folders(many)) == list(read_logs(many)) == ["fold1-seed0", "fold2-seed0"]


def test_held_out_clips_are_of_this_corpus(run: Path, predictions: pd.DataFrame) -> None:
    change_split(run, part=lambda t: t["part"].replace("test", "held-out"))
    (split,) = describe_splits(run, predictions)
    assert split["evaluated"] == "held-out"
    assert split["parts"]["held-out"]["speakers"] == 6


def test_logs_and_recipe(run: Path, tmp_path: Path) -> None:
    assert [line["epoch"] for line in read_logs(run)["run"]] == [1, 2, 3, 4]
    assert "epochs = 4" in read_recipe(run)
    assert (read_logs(tmp_path / "none"), read_recipe(tmp_path / "none")) == ({}, "")


def test_a_broken_log_is_named(run: Path) -> None:
    (run / "log.jsonl").write_text("{half")
    with pytest.raises(CorpusError, match=r"log\.jsonl: is not a log"):
        read_logs(run)


def test_a_split_without_parts_is_named(run: Path, predictions: pd.DataFrame) -> None:
    (run / "split.csv").write_text("file,source,speaker,emotion\n")
    with pytest.raises(CorpusError, match=r"split\.csv: lacks the columns part"):
        describe_splits(run, predictions)
