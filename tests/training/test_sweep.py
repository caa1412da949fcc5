"""Sweeps: chosen by dev alone, continued where they stopped, nested scores from each fold's own choice."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serenade.errors import RecipeError
from serenade.evaluation.folder import EvaluationFolder
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.training import sweep as sweep_module
from serenade.training.grid import parse_grid
from serenade.training.sweep import Trial, sweep

RECIPE = """
name = "tiny"
[data]
split = "grouped-3"
labels = ["anger", "neutral", "sadness"]
[network]
options = {stem = 16, widths = [16, 16, 16], projection = 16}
[training]
epochs = 1
batch_size = 8
precision = "fp32"
"""
pytestmark = pytest.mark.usefixtures("bare")
GRID = ["training.learning_rate=1e-9,1e-2"]


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No figures and reports of evaluations, which take seconds."""
    monkeypatch.setattr("serenade.evaluation.evaluate.save_png", lambda figure, path: None)
    monkeypatch.setattr("serenade.evaluation.evaluate.write_report", lambda out, audio: None)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.toml"
    file.write_text(RECIPE)
    return file


def test_the_best_on_dev_is_chosen_and_written(store: Store, recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    result = sweep(recipe, store=store, grid=GRID, out=out, changes=["training.batch_size=16"])
    assert [trial.changes for trial in result.trials] == [
        ("training.learning_rate=1e-9",),
        ("training.learning_rate=1e-2",),
    ]
    for trial in result.trials:
        entries = RunFolder(trial.run).read_summary().fold_runs
        values = [entry.figures["dev_uar"] for entry in entries]
        assert trial.value == pytest.approx(np.mean(values))
        assert trial.std == pytest.approx(np.std(values, ddof=1))
        assert list(trial.folds.values()) == pytest.approx(values)
        assert not RunFolder(trial.run).evaluation.exists()  # test is not used
    assert result.best.value == max(trial.value for trial in result.trials)
    assert result.table().rows[0][0] == result.best.name
    rows = list(csv.DictReader((out / "sweep.csv").read_text().splitlines()))
    assert [row["training.learning_rate"] for row in rows] == ["1e-9", "1e-2"]
    assert [float(row["dev_uar"]) for row in rows] == [trial.value for trial in result.trials]
    assert json.loads((out / "sweep.json").read_text())["best"]["changes"] == list(result.best.changes)
    assert (out / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_a_sweep_continues_and_grows(
    store: Store, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "sweep"
    first = sweep(recipe, store=store, grid=["training.learning_rate=1e-3"], out=out)
    trained: list[str] = []
    original = sweep_module.train

    def counted(changed, **options):
        def on_epoch(fold_run, line):
            trained.append(f"{changed.training.learning_rate:g}")

        return original(changed, **options | {"on_epoch": on_epoch})

    monkeypatch.setattr(sweep_module, "train", counted)
    grown = sweep(recipe, store=store, grid=["training.learning_rate=1e-3,1e-2"], out=out)
    assert trained == ["0.01"] * 3
    assert grown.trials[0] == first.trials[0]


def test_nested_scores_are_of_each_folds_own_choice(store: Store, recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    result = sweep(recipe, store=store, grid=GRID, out=out, nested=True)
    assert set(result.chosen) == {1, 2, 3}
    for fold, trial in result.chosen.items():
        assert trial.folds[fold] == max(each.folds[fold] for each in result.trials)
    metrics, predictions = EvaluationFolder(out / "evaluation").read()
    assert predictions["id"].is_unique
    assert len(predictions) == len(store.index)
    assert result.nested == metrics["mean"]
    for fold, trial in result.chosen.items():
        _, own = EvaluationFolder(RunFolder(trial.run).evaluation).read()
        pd.testing.assert_frame_equal(
            predictions[predictions["fold"] == fold].reset_index(drop=True),
            own[own["fold"] == fold].reset_index(drop=True),
        )


def test_equal_scores_choose_the_first(tmp_path: Path) -> None:
    trials = [
        Trial(changes=(f"training.epochs={n}",), run=tmp_path, value=0.5, std=None, folds={None: 0.5})
        for n in (1, 2)
    ]
    result = sweep_module.Sweep(folder=tmp_path, metric="uar", trials=tuple(trials), nested=None, chosen={})
    assert result.best == trials[0]


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (["training.epochs"], "expects section.key=value,value"),
        (["training.epochs="], "expects section.key=value,value"),
        (["training.epochs=1", "training.epochs=2"], "names training.epochs twice"),
        ([], "--grid is missing"),
    ],
)
def test_a_grid_of_another_form(grid: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        parse_grid(grid)


def test_bad_values_are_found_before_anything_is_trained(store: Store, recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="epochs"):
        sweep(recipe, store=store, grid=["training.epochs=1,none"], out=tmp_path / "sweep")
    with pytest.raises(RecipeError, match=r"did you mean training\.epochs"):
        sweep(recipe, store=store, grid=["training.epoch=1"], out=tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_values_with_commas() -> None:
    found = parse_grid(['data.labels=["a,b", "c"],["d"]', "name='x,y',z"])
    assert found[0] == ('data.labels=["a,b", "c"]', "name='x,y'")
    assert len(found) == 4
