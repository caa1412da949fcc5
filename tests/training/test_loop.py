from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from serenade.features.store import Store
from serenade.networks import create_network
from serenade.networks.weights import load_network
from serenade.training.checkpoint import load_checkpoint
from serenade.training.data.batches import Batches
from serenade.training.dev import predict_logits
from serenade.training.epochs import kept_epoch
from serenade.training.recipe import Recipe
from serenade.training.run import train

Tiny = Callable[..., Recipe]


def kept(run: Path, name: str, *, weights: str = "kept") -> dict[str, torch.Tensor]:
    return load_checkpoint(run / "checkpoint" / name)[weights]


def test_logits_are_in_the_order_of_the_rows(store: Store) -> None:
    torch.manual_seed(0)
    network = create_network("compact", n_mels=16, n_classes=3, stem=16, widths=[16, 16, 16]).eval()
    rows = np.random.default_rng(0).permutation(len(store))[:20]
    nothing = np.zeros((20, 3), np.float32)
    joint = predict_logits(network, Batches(store, rows, nothing, size=7))
    alone = [
        predict_logits(network, Batches(store, rows[[place]], nothing[[place]], size=1))[0]
        for place in range(20)
    ]
    np.testing.assert_allclose(joint, alone, atol=1e-5)


@pytest.mark.usefixtures("bare")
def test_early_stopping(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    recipe = tiny(
        training={
            "epochs": 9,
            "early_stopping_patience": 2,
            "learning_rate": 1e-12,
            "schedule": "constant",
            "ema_decay": 0.0,
        }
    )
    run = train(recipe, store=store, out=tmp_path / "run").folder
    epochs = [json.loads(line)["epoch"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert len(epochs) < 9
    summary = json.loads((run / "summary.json").read_text())["fold_runs"][0]
    assert summary["epochs"] == len(epochs) == summary["kept_epoch"] + 2


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_kept_checkpoint(store: Store, tiny: Tiny, tmp_path: Path, keep: str) -> None:
    recipe = tiny(training={"epochs": 4, "checkpoint": keep, "ema_decay": 0.8, "monitor": "dev_loss"})
    run = train(recipe, store=store, out=tmp_path / "run").folder
    weights = load_network(run)[0].state_dict()
    expected = kept(run, f"{keep}.ckpt")
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    trained = kept(run, f"{keep}.ckpt", weights="network")
    assert not torch.equal(trained["classify.weight"], expected["classify.weight"])
    history = json.loads(load_checkpoint(run / "checkpoint" / "last.ckpt")["history"])
    best = min(history, key=lambda line: line["dev_loss"])
    assert kept_epoch(history, recipe) == (best if keep == "best" else history[-1])


def test_a_dev_figure_that_is_not_finite_is_never_the_best(tiny: Tiny) -> None:
    history = [{"epoch": 1, "dev_loss": float("nan")}, {"epoch": 2, "dev_loss": 2.0}]
    assert kept_epoch(history, tiny(training={"monitor": "dev_loss"}))["epoch"] == 2
