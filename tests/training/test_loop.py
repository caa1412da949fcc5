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
from serenade.training.loop import _class_weights, _follow, _schedule, kept_line, logits_of
from serenade.training.recipe import Recipe
from serenade.training.run import train

Tiny = Callable[..., Recipe]


def kept(run: Path, name: str, *, weights: str = "kept") -> dict[str, torch.Tensor]:
    return load_checkpoint(run / "checkpoint" / name)[weights]


def test_logits_come_in_the_order_that_was_asked(store: Store) -> None:
    torch.manual_seed(0)
    network = create_network("compact", n_mels=16, n_classes=3, stem=16, widths=[16, 16, 16]).eval()
    rows = np.random.default_rng(0).permutation(len(store))[:20]
    nothing = np.zeros((20, 3), np.float32)
    together = logits_of(network, Batches(store, rows, nothing, size=7))
    alone = [
        logits_of(network, Batches(store, rows[[place]], nothing[[place]], size=1))[0] for place in range(20)
    ]
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.usefixtures("bare")
def test_it_stops_when_nothing_gets_better(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    recipe = tiny(
        training={"epochs": 9, "patience": 2, "learning_rate": 1e-12, "schedule": "constant", "average": 0.0}
    )
    run = train(recipe, store, tmp_path / "run")
    epochs = [json.loads(line)["epoch"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert len(epochs) < 9
    summary = json.loads((run / "summary.json").read_text())["parts"][0]
    assert summary["epochs"] == len(epochs) == summary["kept_epoch"] + 2


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("keep", ["best", "last"])
def test_what_is_kept(store: Store, tiny: Tiny, tmp_path: Path, keep: str) -> None:
    recipe = tiny(training={"epochs": 4, "keep": keep, "average": 0.8, "monitor": "dev_loss"})
    run = train(recipe, store, tmp_path / "run")
    weights = load_network(run)[0].state_dict()
    expected = kept(run, f"{keep}.ckpt")
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    trained = kept(run, f"{keep}.ckpt", weights="network")
    assert not torch.equal(trained["classify.weight"], expected["classify.weight"])
    history = json.loads(load_checkpoint(run / "checkpoint" / "last.ckpt")["history"])
    best = min(history, key=lambda line: line["dev_loss"])
    assert kept_line(history, recipe) == (best if keep == "best" else history[-1])


def test_a_dev_figure_that_is_no_number_is_never_the_best(tiny: Tiny) -> None:
    history = [{"epoch": 1, "dev_loss": float("nan")}, {"epoch": 2, "dev_loss": 2.0}]
    assert kept_line(history, tiny(training={"monitor": "dev_loss"}))["epoch"] == 2


def test_the_average_follows_slowly_and_without_averaging_at_once() -> None:
    kept, network = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    torch.nn.init.constant_(network.weight, 3.0)
    network.num_batches_tracked += 5
    _follow(kept, network, decay=0.9, step=1_000_000)
    torch.testing.assert_close(kept.weight.detach(), torch.full((2,), 1.2))
    assert int(kept.num_batches_tracked) == 5
    _follow(kept, network, decay=0.0, step=1)
    assert torch.equal(kept.weight, network.weight)


def test_class_weights_are_inverse_frequencies() -> None:
    targets = np.eye(3, dtype=np.float32)[[0] * 6 + [1] * 3 + [2]]
    weights = _class_weights(targets)
    torch.testing.assert_close(weights * torch.tensor([6.0, 3.0, 1.0]), torch.full((3,), 10 / 3))


@pytest.mark.parametrize("steps", [1, 2, 4, 30])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.9])
def test_one_cycle_takes_any_number_of_steps(tiny: Tiny, steps: int, share: float) -> None:
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    schedule = _schedule(optimizer, tiny(training={"warmup_share": share}), steps=steps)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert all(0 < rate <= 0.5 + 1e-9 for rate in rates)
    assert steps < 30 or max(rates) == pytest.approx(0.5, rel=0.02)
