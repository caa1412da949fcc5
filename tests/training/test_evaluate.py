from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serenade.audio.logmel import FrontEnd
from serenade.errors import CorpusError, ModelError, RunError, StoreError
from serenade.features.store import Store
from serenade.training import evaluate as evaluate_module
from serenade.training.evaluate import Evaluation, evaluate
from serenade.training.recipe import Recipe
from serenade.training.run import train

Make = Callable[..., Store]
Evaluate = Callable[..., tuple[Evaluation, pd.DataFrame]]


@pytest.fixture(scope="module")
def folds(store: Store, tiny: Callable[..., Recipe], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three folds of one seed, an epoch each."""
    recipe = tiny(data={"fold": 0}, training={"epochs": 1})
    return train(recipe, store=store, out=tmp_path_factory.mktemp("runs") / "folds").folder


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Evaluate:
    """`evaluate` into a folder of the test's own, without drawing; gives its predictions too."""
    monkeypatch.setattr("serenade.evaluation.evaluate._write_figures", lambda *_: None)
    monkeypatch.setattr("serenade.evaluation.evaluate.write_report", lambda *_, **__: None)

    def run(model: Path, **how) -> tuple[Evaluation, pd.DataFrame]:
        done = evaluate(model, **{"out": tmp_path / "evaluation"} | how)
        table = pd.read_csv(done.folder / "predictions.csv", dtype={"speaker": str}, keep_default_na=False)
        return done, table

    return run


def test_every_fold_answers_for_its_own_test_part(folds: Path, store: Store, scored: Evaluate) -> None:
    done, table = scored(folds)
    assert len(table) == len(store) == 72
    assert table["source"].is_unique
    for fold, rows in table.groupby("fold"):
        split = pd.read_csv(folds / f"fold{fold}-seed0" / "split.csv", dtype=str)
        assert set(rows["speaker"]) == set(split.loc[split["part"] == "test", "speaker"])
    scores = table[[f"score_{label}" for label in ("anger", "neutral", "sadness")]].to_numpy()
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(scores.max(1), table["confidence"])
    assert done.metrics["pooled"]["accuracy"] == pytest.approx(
        (table["predicted"] == table["emotion"]).mean()
    )
    assert done.metrics["spread"]["folds"] == 3


def test_the_files_are_all_there(folds: Path, tmp_path: Path) -> None:
    seen = []
    done = evaluate(folds, out=tmp_path / "there", progress=lambda *counts: seen.append(counts), audio=False)
    assert {file.name for file in done.folder.iterdir()} >= {
        "metrics.json",
        "predictions.csv",
        "classification_report.txt",
        "confusion_matrix.png",
        "report.html",
    }
    assert seen == [(0, 3), (1, 3), (2, 3)]


def test_one_model_alone(folds: Path, store: Store, scored: Evaluate) -> None:
    inside = folds / "fold2-seed0"
    by_run, by_model, by_file = (
        scored(where, store=store)[1].drop(columns=["fold", "seed"], errors="ignore")
        for where in (inside, inside / "model", inside / "model" / "model.safetensors")
    )
    assert len(by_run) == 24
    pd.testing.assert_frame_equal(by_model, by_run)
    pd.testing.assert_frame_equal(by_file, by_run)


def test_another_part(folds: Path, scored: Evaluate) -> None:
    done, table = scored(folds / "fold1-seed0", store=None, split="dev")
    split = pd.read_csv(folds / "fold1-seed0" / "split.csv", dtype=str)
    assert set(table["source"]) == set(split.loc[split["part"] == "dev", "source"])
    assert "dev part" in done.what


def test_a_part_that_is_not_there_names_those_that_are(folds: Path, scored: Evaluate) -> None:
    with pytest.raises(CorpusError, match="there are train, dev, test"):
        scored(folds, split="held-out")
    with pytest.raises(CorpusError, match="there are train, dev, test"):
        scored(folds, split="tset")


def test_another_store_is_answered_whole(
    folds: Path, make_store: Make, scored: Evaluate, tmp_path: Path
) -> None:
    def spoil(table: pd.DataFrame, features: list[np.ndarray]) -> None:
        table.loc[[0, 1], "state"] = ["silent", "unreadable"]
        features[1] = features[1][:0]

    other = make_store(
        tmp_path / "other",
        seed=5,
        speakers=2,
        labels=("anger", "neutral", "surprise"),
        copies=True,
        change=spoil,
    )
    done, table = scored(folds, store=other.path)
    # 24 originals, of which one is silent (the unreadable row is a copy); counted once, whoever answers.
    assert len(table) == 3 * 23
    assert done.metrics["dropped"] == {"state: silent": 1}
    assert done.metrics["counts"]["outside_labels"] == {"surprise": 3 * 8}
    assert done.metrics["pooled"]["n"] == 3 * 15
    assert "all clips" in done.what
    assert set(table["fold"]) == {1, 2, 3}


def test_another_store_has_no_part(folds: Path, make_store: Make, scored: Evaluate, tmp_path: Path) -> None:
    other = make_store(tmp_path / "other", seed=5, speakers=1)
    for part in ("test", "dev"):
        with pytest.raises(StoreError, match=f"no part '{part}'; leave --split away"):
            scored(folds / "fold1-seed0", store=other, split=part)


def test_without_labels_there_are_answers_and_no_score(
    folds: Path, make_store: Make, scored: Evaluate, tmp_path: Path
) -> None:
    other = make_store(tmp_path / "other", speakers=1, labelled=False)
    done, table = scored(folds / "fold1-seed0", store=other)
    assert len(table) == 12
    assert set(table["emotion"]) == {""}
    assert done.metrics["pooled"] is None


def test_another_front_end_is_refused(folds: Path, make_store: Make, tmp_path: Path) -> None:
    front_end = FrontEnd(rate_hz=8000, n_fft=256, hop=80, n_mels=16, fmax_hz=4000.0)
    other = make_store(tmp_path / "other", speakers=1, front_end=front_end)
    with pytest.raises(StoreError, match="another front end"):
        evaluate(folds, store=other, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_not_finished_is_not_scored(folds: Path, store: Store, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(folds, half)
    (half / "summary.json").unlink()
    for given in (store, None):
        with pytest.raises(RunError, match="--resume"):
            evaluate(half, store=given)
    with pytest.raises(ModelError, match="not a run folder"):
        evaluate(tmp_path, store=store)
    shutil.copytree(folds / "fold1-seed0" / "model", tmp_path / "model")
    with pytest.raises(StoreError, match="--store"):
        evaluate(tmp_path / "model")


def test_where_an_evaluation_goes(folds: Path, store: Store) -> None:
    place = evaluate_module._default_out
    assert place(folds, store, own=True, split="test") == folds / "evaluation"
    assert place(folds, store, own=True, split="dev") == folds / "evaluation" / "dev"
    assert place(folds, store, own=False, split="test") == folds / "evaluation" / "tiny"


def test_the_store_is_found_from_anywhere(
    folds: Path, scored: Evaluate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert Path(json.loads((folds / "summary.json").read_text())["store"]["path"]).is_absolute()
    monkeypatch.chdir(tmp_path)
    assert len(scored(folds)[1]) == 72
