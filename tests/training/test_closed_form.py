"""Training of the network `encoder`: a linear classifier on cached statistics."""

from __future__ import annotations

from pathlib import Path

import pytest

from serenade.audio.front_end import WHISPER
from serenade.errors import RecipeError
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.training import closed_form
from serenade.training.recipe import Recipe
from serenade.training.run import train


@pytest.fixture(scope="module")
def clips(make_store, tmp_path_factory) -> Store:
    return make_store(tmp_path_factory.mktemp("stores") / "whisper", front_end=WHISPER, copies=True)


def recipe(encoder: Path, **sections) -> Recipe:
    options = {"encoder": str(encoder), "first_layer": 1, "last_layer": 3, "precision": "float32"}
    network = {"name": "encoder", "options": options}
    whole = {"name": "tiny", "network": network, "data": {"split": "grouped-3", "fold": 1}}
    return Recipe.from_dict(whole | {"training": {"epochs": 1}} | sections)


def test_one_epoch_with_held_out_figures(clips, tiny_whisper, tmp_path):
    seen = []
    train(
        recipe(tiny_whisper),
        store=clips,
        out=tmp_path / "run",
        on_clips=lambda done, total: seen.append((done, total)),
    )
    assert seen[0] == (0, 144)
    assert seen[-1] == (144, 144)
    [fold_run] = RunFolder(tmp_path / "run").read_summary().fold_runs
    assert fold_run.figures["dev_uar"] > 0.6


def test_too_many_clips_are_refused(clips, tiny_whisper, tmp_path, monkeypatch):
    monkeypatch.setattr(closed_form, "LARGEST", 10)
    with pytest.raises(RecipeError, match=r"\d+ clips and copies are more than the 10 for which"):
        train(recipe(tiny_whisper), store=clips, out=tmp_path / "run")


def test_augmentation_of_spectrograms_is_refused(clips, tiny_whisper, tmp_path):
    augmented = recipe(tiny_whisper, augment={"time_masks": {"count": 2, "max_width_s": 0.19}})
    with pytest.raises(RecipeError, match=r"so \[augment\] does not apply"):
        train(augmented, store=clips, out=tmp_path / "run")


def test_other_corpora_without_weight_are_left_out(make_store, tiny_whisper, tmp_path, monkeypatch):
    def two_corpora(table, _features):
        table.loc[table["speaker"] > "03", "corpus"] = "other"

    store = make_store(tmp_path / "store", front_end=WHISPER, change=two_corpora)
    counts = []
    fit = closed_form.fit_linear_classifier
    monkeypatch.setattr(
        closed_form,
        "fit_linear_classifier",
        lambda clips, **how: counts.append(clips.is_main) or fit(clips, **how),
    )
    data = {"split": "one-speaker-out", "split_corpus": "toy", "fold": 1}
    for weight in (0.2, 0.0):
        training = {"epochs": 1, "other_corpora_weight": weight}
        made = recipe(tiny_whisper, data=data, training=training)
        train(made, store=store, out=tmp_path / f"run{weight}")
    both, alone = counts
    assert both.sum() == alone.sum() == alone.size
    assert both.size == alone.size + 36
