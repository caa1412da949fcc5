"""Which models get a speaker adaptation, and what it is fitted on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from serenade.adaptation import softmax
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.networks.weights import load_network
from serenade.training.adaptation import adaptation_of
from serenade.training.recipe import Recipe
from serenade.training.run import train

Tiny = Callable[..., Recipe]


def predictions(speakers: int, *, emotions: int = 3) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Probabilities of 3 classes, targets and speakers, with `emotions` emotions of each speaker."""
    rng = np.random.default_rng(0)
    targets = np.concatenate([(np.arange(12) % emotions + n) % 3 for n in range(speakers)])
    names = [f"corpus/{n}" for n in range(speakers) for _ in range(12)]
    return softmax(3 * np.eye(3)[targets] + rng.normal(size=(len(targets), 3))), targets, names


def test_five_speakers_are_enough_and_four_are_not() -> None:
    fitted = adaptation_of(*predictions(5))
    assert fitted is not None
    assert (fitted.speakers, fitted.clips, fitted.temperature) == (5, 60, 1.0)
    assert adaptation_of(*predictions(4)) is None


def test_speakers_that_are_not_known_or_have_one_emotion_do_not_count() -> None:
    assert adaptation_of(*predictions(9, emotions=1)) is None
    assert adaptation_of(*predictions(9, emotions=2)) is not None
    probabilities, targets, names = predictions(6)
    fitted = adaptation_of(probabilities, targets, [name if name < "corpus/5" else "" for name in names])
    assert fitted is not None
    assert fitted.speakers == 5


@pytest.mark.usefixtures("bare")
def test_a_final_model_has_one_of_all_speakers_of_the_cross_validation(
    store: Store, tiny: Tiny, tmp_path: Path
) -> None:
    recipe = tiny(data={"fold": 0}, training={"epochs": 1, "seeds": [0, 1]})
    run = train(recipe, store=store, out=tmp_path / "run", refit=True)
    fold_runs = RunFolder(run.folder).fold_runs()
    assert len(fold_runs) == 6
    # One speaker in dev is too few.
    assert all(load_network(fold_run.path)[1].adaptation is None for fold_run in fold_runs)
    adaptation = load_network(run.folder)[1].adaptation
    assert adaptation is not None
    assert (adaptation.speakers, adaptation.clips) == (6, len(store))
    final = RunFolder(run.folder).final.model
    assert "fitted on 72 clips of 6 speakers" in final.card.read_text(encoding="utf-8")


@pytest.mark.usefixtures("bare")
def test_a_dev_part_of_many_speakers_gives_one(
    make_store: Callable[..., Store], tiny: Tiny, tmp_path: Path
) -> None:
    store = make_store(tmp_path / "store", speakers=12, clips=2)
    recipe = tiny(data={"dev_fraction": 0.7}, training={"epochs": 1})
    run = train(recipe, store=store, out=tmp_path / "run")
    rows = RunFolder(run.folder).read_split()
    adaptation = load_network(run.folder)[1].adaptation
    assert adaptation is not None
    assert adaptation.speakers == len({row.speaker for row in rows if row.part == "dev"}) >= 5
