from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from serenade.errors import ModelError
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.folders.trained_on import short_hash
from serenade.networks.weights import load_network
from serenade.training.recipe import Recipe, load_recipe
from serenade.training.run import train

Make = Callable[..., Store]
Tiny = Callable[..., Recipe]

pytestmark = pytest.mark.usefixtures("bare")


def test_a_cross_validation_needs_a_final_model(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    run = train(tiny(data={"fold": 0}, training={"epochs": 1}), store=store, out=tmp_path / "run")
    assert not run.has_final_model
    with pytest.raises(ModelError, match=rf"serenade train {tmp_path / 'run'} --refit"):
        load_network(run.folder)
    before = {file: file.stat().st_mtime_ns for file in run.folder.glob("fold*/model/*")}

    refitted = train(run.folder, refit=True)
    assert refitted.has_final_model
    assert {file: file.stat().st_mtime_ns for file in run.folder.glob("fold*/model/*")} == before
    final = RunFolder(run.folder).final
    assert RunFolder(run.folder).model_to_use() == final.model
    rows = final.read_split()
    assert {row.part for row in rows} == {"train", "dev"}
    assert {row.speaker for row in rows} == set(store.index["speaker"])
    assert len({row.speaker for row in rows if row.part == "dev"}) == 1
    assert load_network(run.folder)[1].split["fold"] is None
    # Nothing is left to do.
    assert train(run.folder, refit=True) == refitted


def test_altered_copies_of_test_clips_are_trained_on(make_store: Make, tiny: Tiny, tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", copies=True)
    run = train(tiny(training={"epochs": 1}), store=store, out=tmp_path / "run", refit=True)
    rows = RunFolder(run.folder).final.read_split()
    dev = {row.speaker for row in rows if row.part == "dev"}
    assert {row.speaker for row in rows if row.part == "train" and row.id != row.source} == (
        set(store.index["speaker"]) - dev
    )
    # The single model of one fold stays what it is; the final one is used.
    assert RunFolder(run.folder).model.is_complete
    assert RunFolder(run.folder).model_to_use() == RunFolder(run.folder).final.model


def test_the_final_model_has_a_fixed_number_of_epochs(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    training = {"epochs": 4, "early_stopping_patience": 3, "seeds": [5, 6], "checkpoint": "best"}
    run = train(tiny(training=training), store=store, out=tmp_path / "run", refit=True)
    kept = sorted(fold_run.kept_epoch for fold_run in run.fold_runs)
    recipe = load_recipe(run.folder / "final")
    assert (recipe.training.checkpoint, recipe.training.early_stopping_patience, recipe.training.seeds) == (
        "last",
        0,
        (5,),
    )
    assert recipe.training.epochs == round(sum(kept) / 2)
    assert len(RunFolder(run.folder).final.read_log()) == recipe.training.epochs


def test_what_was_trained_on_travels_with_the_model(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    run = train(tiny(training={"epochs": 1}), store=store, out=tmp_path / "run", refit=True)
    split = RunFolder(run.folder).read_split()
    by_part = {part: [row for row in split if row.part == part] for part in ("train", "dev", "test")}
    found = RunFolder(run.folder).model.read_trained_on()
    assert found is not None
    for part, clips in (("train", found.train["toy"]), ("dev", found.dev["toy"])):
        assert set(clips.speakers) == {row.speaker for row in by_part[part]}
        assert set(clips.sources) == {short_hash(row.source) for row in by_part[part]}
    tested = {row.speaker for row in by_part["test"]}
    assert not found.speakers("toy") & tested
    final = RunFolder(run.folder).final.model.read_trained_on()
    assert final is not None
    assert final.speakers("toy") == set(store.index["speaker"])
    assert final.sounds == {short_hash(sound) for sound in store.index["sha256"]}


def test_a_run_says_what_it_is(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    run = train(tiny(training={"epochs": 1, "seeds": [0, 1]}), store=store, out=tmp_path / "run")
    content = json.loads(json.dumps(run.to_dict()))
    assert content["folder"] == str(tmp_path / "run") == str(Path(run))
    both = [fold_run.figures["dev_uar"] for fold_run in run.fold_runs]
    assert content["figures"]["dev_uar"] == pytest.approx(sum(both) / 2)
    assert [fold_run["seed"] for fold_run in content["fold_runs"]] == [0, 1]


def test_one_class_for_everything_is_reported(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    untrained = tiny(training={"epochs": 1, "learning_rate": 1e-9})
    run = train(untrained, store=store, out=tmp_path / "run")
    assert run.figures["dev_classes_predicted"] == 1
    (warning,) = run.warnings
    assert "the model predicts the same class for every dev clip" in warning
    assert "--set training.epochs=3" in warning
    trained = train(tiny(training={"epochs": 3}), store=store, out=tmp_path / "trained")
    assert trained.warnings == ()
