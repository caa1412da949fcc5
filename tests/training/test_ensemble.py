from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from serenade.cli.main import app
from serenade.errors import OutputError, RecipeError, SplitError
from serenade.features.store import Store
from serenade.networks.weights import load_network
from serenade.training.data.batches import Batches, targets_of
from serenade.training.dev import predict_logits
from serenade.training.ensemble import ensemble
from serenade.training.evaluate import evaluate
from serenade.training.recipe import Recipe, load_recipe
from serenade.training.run import train

Tiny = Callable[..., Recipe]


@pytest.fixture(scope="module")
def run(store: Store, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folds and two seeds."""
    recipe = tiny(data={"split": "grouped-2", "fold": 0}, training={"seeds": [3, 4], "epochs": 2})
    return train(recipe, store=store, out=tmp_path_factory.mktemp("runs") / "apart").folder


def test_the_seeds_of_a_fold_are_averaged(run: Path, store: Store, tmp_path: Path):
    out = ensemble(run, out=tmp_path / "joint").folder
    assert sorted(folder.name for folder in out.glob("fold*")) == ["fold1-seed3", "fold2-seed3"]
    both, spec = load_network(out / "fold2-seed3")
    rows = np.arange(5)
    batches = Batches(store, rows, targets_of(store.index.iloc[rows], spec.labels), size=3)
    each = [predict_logits(load_network(run / f"fold2-seed{seed}")[0], batches) for seed in (3, 4)]
    logs = [logits - np.log(np.exp(logits).sum(1, keepdims=True)) for logits in each]
    np.testing.assert_allclose(predict_logits(both, batches), np.mean(logs, axis=0), atol=2e-3)
    assert (out / "fold2-seed3" / "model" / "model.onnx").is_file()


def test_an_ensemble_is_a_run(run: Path, tmp_path: Path):
    out = tmp_path / "joint"
    result = CliRunner().invoke(app, ["ensemble", str(run), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out}\n"
    recipe = load_recipe(out)
    assert recipe.name == f"{load_recipe(run).name}_ensemble"
    assert [member["name"] for member in recipe.network.options["members"]] == ["compact", "compact"]
    parts = json.loads((out / "summary.json").read_text())["fold_runs"]
    apart = json.loads((run / "summary.json").read_text())["fold_runs"]
    for fold in (1, 2):
        (one,) = (part for part in parts if part["fold"] == fold)
        members = [part for part in apart if part["fold"] == fold]
        assert (one["seed"], one["epochs"]) == (3, 2)
        assert one["seconds"] == pytest.approx(sum(part["seconds"] for part in members), abs=0.2)
    evaluate(out, audio=False)
    table = pd.read_csv(out / "evaluation" / "predictions.csv")
    assert len(table) == len(pd.read_csv(run_predictions(run))) / 2
    # Making it again changes nothing, and an ensemble of one is refused.
    before = (out / "fold1-seed3" / "model" / "model.safetensors").stat().st_mtime_ns
    ensemble(run, out=out)
    assert (out / "fold1-seed3" / "model" / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(RecipeError, match="one seed, and an ensemble needs two"):
        ensemble(out, out=tmp_path / "further")


def test_ensembles_of_two_seeds(store: Store, tiny: Tiny, tmp_path: Path):
    recipe = tiny(data={"split": "grouped-2", "fold": 1}, training={"seeds": [5, 6, 7, 8], "epochs": 1})
    run = train(recipe, store=store, out=tmp_path / "apart").folder
    with pytest.raises(
        RecipeError, match=r"4 seeds of .* cannot be divided into ensembles of 3; choose a divisor"
    ):
        ensemble(run, out=tmp_path / "threes", members=3)
    with pytest.raises(RecipeError, match="cannot be divided into ensembles of 1"):
        ensemble(run, out=tmp_path / "ones", members=1)
    out = ensemble(run, out=tmp_path / "pairs", members=2).folder
    assert load_recipe(out).name == f"{recipe.name}_ensemble_2"
    assert sorted(folder.name for folder in out.glob("fold*")) == ["fold1-seed5", "fold1-seed7"]
    pair, _ = load_network(out / "fold1-seed7")
    for member, seed in zip(pair.networks, (7, 8), strict=True):
        original, _ = load_network(run / f"fold1-seed{seed}")
        assert torch.equal(member.classify.weight, original.classify.weight)


def run_predictions(run: Path) -> Path:
    return evaluate(run, audio=False).folder / "predictions.csv"


def test_another_run_or_store_is_refused(run: Path, make_store: Callable[..., Store], tmp_path: Path):
    with pytest.raises(OutputError, match="is an input of this command"):
        ensemble(run, out=run)

    def exchange_speakers(table: pd.DataFrame, _: list[np.ndarray]) -> None:
        table["speaker"] = np.roll(table["speaker"], len(table) // 4)

    other = make_store(tmp_path / "other", change=exchange_speakers)
    with pytest.raises(SplitError, match="trained under another split than the store"):
        ensemble(run, out=tmp_path / "joint", store=other.path)
