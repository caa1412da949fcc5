from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from lightning_fabric import Fabric

from serenade.corpora import make_split
from serenade.errors import ModelError, RecipeError, SplitError
from serenade.evaluation.calibration import softmax
from serenade.features.store import Store
from serenade.networks.weights import load_network
from serenade.training.data.assemble import batches_of, inputs_of
from serenade.training.data.batches import Batches
from serenade.training.dev import predict_logits
from serenade.training.distillation import teacher_predictions
from serenade.training.recipe import Recipe, load_recipe
from serenade.training.run import train

Tiny = Callable[..., Recipe]
LABELS = ("anger", "neutral", "sadness")


@pytest.fixture(scope="module")
def teacher(store: Store, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folds and two seeds."""
    recipe = tiny(data={"split": "grouped-2", "fold": 0}, training={"seeds": [0, 1], "epochs": 1})
    return train(recipe, store=store, out=tmp_path_factory.mktemp("runs") / "teacher").folder


def test_targets_are_labels_and_the_mean_prediction_of_the_same_fold(store: Store, tiny: Tiny, teacher: Path):
    recipe = tiny(
        data={"split": "grouped-2", "fold": 2, "distill_from": str(teacher), "distill_weight": 0.25},
    )
    split = make_split(store.index, "grouped-2", fold=2)
    inputs, fabric = inputs_of(recipe, store, split), Fabric(accelerator="cpu")
    given, dev = (batches_of(recipe, store, split, part, LABELS, inputs, fabric) for part in ("train", "dev"))
    predictions = []
    for seed in (0, 1):
        network, _ = load_network(teacher / f"fold2-seed{seed}")
        batches = Batches(store, given.rows, given.targets, size=7)
        predictions.append(softmax(predict_logits(network, batches)))
    hard = np.eye(3)[[LABELS.index(label) for label in store.index["emotion"].iloc[given.rows]]]
    np.testing.assert_allclose(given.targets, 0.75 * hard + 0.25 * np.mean(predictions, axis=0), atol=1e-5)
    assert set(dev.targets.ravel().tolist()) == {0.0, 1.0}


@pytest.mark.usefixtures("bare")
def test_the_card_names_the_teacher(store: Store, tiny: Tiny, teacher: Path, tmp_path: Path):
    plain = tiny(data={"split": "grouped-2"})
    distilled = tiny(data={"split": "grouped-2", "distill_from": str(teacher)})
    assert plain.hash != distilled.hash
    train(distilled, store=store, out=tmp_path / "distilled")
    assert load_recipe(tmp_path / "distilled") == distilled
    card = (tmp_path / "distilled" / "model" / "README.md").read_text()
    assert "| distilled from | predictions of `teacher`, weight 0.7 |" in card


def test_a_teacher_of_another_split_is_refused(store: Store, tiny: Tiny, teacher: Path, tmp_path: Path):
    distilled = tiny(data={"split": "grouped-3", "distill_from": str(teacher)})
    with pytest.raises(
        SplitError, match=r"perhaps on speakers that this run is tested on; train it on the same"
    ):
        train(distilled, store=store, out=tmp_path / "distilled")


def test_a_missing_teacher(store: Store, tmp_path: Path):
    split = make_split(store.index, "grouped-2", fold=1)
    with pytest.raises(ModelError, match=r"not a run folder"):
        teacher_predictions(tmp_path / "nobody", store, split, np.arange(3), LABELS)


def test_a_teacher_of_other_labels(store: Store, teacher: Path):
    split = make_split(store.index, "grouped-2", fold=1)
    with pytest.raises(ModelError, match="predicts anger, neutral, sadness, and this run anger, sadness"):
        teacher_predictions(teacher, store, split, np.arange(3), ("anger", "sadness"))


def test_a_share_is_one_at_most(tiny: Tiny):
    with pytest.raises(RecipeError, match=r"data\.distill_weight must be a number <= 1, not 1\.5"):
        tiny(data={"distill_from": "run", "distill_weight": 1.5})
