from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from serenade.errors import RecipeError
from serenade.training.recipe import Recipe, read_recipe

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))
"""Recipes of training, and front ends beside them."""


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"trainning": {}}, "unknown key 'trainning'; did you mean 'training'"),
        ({"training": {"epoch": 2}}, "did you mean 'training.epochs'"),
        ({"data": {"flod": 2}}, "did you mean 'data.fold'"),
        ({"training": {"epochs": "many"}}, "'training.epochs' must be a whole number, not 'many'"),
        ({"training": {"epochs": 2.5}}, "must be a whole number"),
        ({"training": {"epochs": True}}, "must be a whole number"),
        ({"training": {"learning_rate": "high"}}, "must be a number"),
        ({"training": {"class_weights": 1}}, "must be true or false"),
        ({"training": {"seeds": ["a"]}}, "must be a whole number"),
        ({"training": {"seeds": []}}, "at least one seed"),
        ({"network": {"options": 3}}, "must be a table"),
        ({"network": "compact"}, "'network' is a section"),
        ({"name": 7}, "must be text"),
        ({"training": {"epochs": 0}}, "above 0"),
        ({"training": {"learning_rate": -1}}, "above 0"),
        ({"training": {"average": 1.0}}, "below 1"),
        ({"data": {"votes": 1.5}}, "below 1"),
        ({"training": {"warmup_share": 1.5}}, "below 1"),
        ({"training": {"seeds": [0, -1]}}, "training.seeds must not be below 0"),
        ({"training": {"weight_decay": -0.1}}, "training.weight_decay must not be below 0"),
        ({"augment": {"mixup": -0.1}}, "augment.mixup must not be below 0"),
        ({"training": {"schedule": "onecycle"}}, "did you mean 'one-cycle'"),
        ({"training": {"monitor": "test_uar"}}, "did you mean 'dev_uar'"),
    ],
)
def test_what_cannot_be_is_told(content: dict, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence.replace(".", r"\.")):
        Recipe.from_dict(content)


def test_toml_reads_back_equal(tmp_path: Path) -> None:
    recipe = Recipe.from_dict(
        {
            "name": 'quoted "name"',
            "about": "ä, \\ and\nlines",
            "network": {"options": {"widths": [8, 16], "pool": {"kind": "mean"}, "on": True}},
            "training": {"learning_rate": 3e-05, "seeds": [1, 2], "average": 0.5},
            "augment": {"mixup": 0.25},
        }
    )
    (tmp_path / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
    assert read_recipe(tmp_path / "recipe.toml") == recipe
    assert read_recipe(tmp_path) == recipe
    assert read_recipe(tmp_path).hash == recipe.hash


def test_every_choice_counts_in_the_hash() -> None:
    assert Recipe.from_dict({}).hash == Recipe().hash
    recipe = Recipe.from_dict({"data": {"teacher": "run"}})  # without one there are no hints
    for section in ("data", "augment", "training"):
        for field in dataclasses.fields(getattr(recipe, section)):
            value = getattr(getattr(recipe, section), field.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                other = type(value)(value / 2) if value else 0.5 if isinstance(value, float) else 1
                part = dataclasses.replace(getattr(recipe, section), **{field.name: other})
                changed = dataclasses.replace(recipe, **{section: part})
                assert changed.hash != recipe.hash, field.name


def test_values_are_changed_from_the_command(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[training]\nepochs = 3\n")
    changes = [
        "training.epochs=5",
        "training.seeds=[1, 2]",
        "data.split=random-leaky",
        "network.options.widths=[8, 8]",
        "training.class_weights = true",
        "name='other name'",
    ]
    recipe = read_recipe(file, changes=changes)
    assert (recipe.training.epochs, recipe.training.seeds) == (5, (1, 2))
    assert recipe.data.split == "random-leaky"
    assert recipe.network.options == {"widths": [8, 8]}
    assert recipe.training.class_weights
    assert recipe.name == "other name"
    assert read_recipe(file).name == "mine"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("training.epochs", "wants section.key=value"),
        ("=5", "wants section.key=value"),
        ("training.epoch=5", "did you mean 'training.epochs'"),
        ("name.first=5", "name is not a section"),
        ("training=5", "is a section"),
        ("training.epochs=", "must be a whole number"),
    ],
)
def test_a_wrong_change_is_told(tmp_path: Path, change: str, sentence: str) -> None:
    (tmp_path / "mine.toml").write_text("name = 'mine'\n")
    with pytest.raises(RecipeError, match=sentence):
        read_recipe(tmp_path / "mine.toml", changes=[change])


def test_files_that_are_no_recipes(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such recipe"):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("[training\nepochs = 3")
    with pytest.raises(RecipeError, match=r"broken\.toml: is not a readable TOML file"):
        read_recipe(tmp_path / "broken.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    with pytest.raises(RecipeError, match="is not a readable TOML file"):
        read_recipe(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    "file", [file for file in RECIPES if not file.stem.endswith("front_end")], ids=lambda file: file.stem
)
def test_every_recipe_of_the_project_is_read(file: Path) -> None:
    assert read_recipe(file).training.epochs > 0
