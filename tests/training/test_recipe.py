from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest

from serenade.audio.front_end import FrontEnd
from serenade.errors import RecipeError
from serenade.training.data.augment import AUGMENTATIONS
from serenade.training.recipe import Recipe, all_keys, load_recipe
from serenade.training.recipe_errors import OLD_KEYS

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"trainning": {}}, "unknown key trainning; did you mean training?"),
        ({"training": {"epoch": 2}}, "unknown key training.epoch; did you mean training.epochs?"),
        ({"epochs": 2}, "unknown key epochs; did you mean training.epochs?"),
        ({"data": {"epochs": 2}}, "unknown key data.epochs; did you mean training.epochs?"),
        ({"data": {"flod": 2}}, "unknown key data.flod; did you mean data.fold?"),
        ({"training": {"epochs": "many"}}, "training.epochs must be an integer, not 'many'"),
        ({"training": {"epochs": 2.5}}, "training.epochs must be an integer, not 2.5"),
        ({"training": {"epochs": True}}, "training.epochs must be an integer, not True"),
        ({"training": {"learning_rate": "high"}}, "training.learning_rate must be a number, not 'high'"),
        ({"training": {"class_weights": 1}}, "training.class_weights must be true or false, not 1"),
        ({"training": {"seeds": ["a"]}}, "training.seeds[0] must be an integer, not 'a'"),
        ({"training": {"seeds": 3}}, "training.seeds must be a list, not 3"),
        ({"training": {"seeds": []}}, "training.seeds must be a list of one value or more, not []"),
        ({"training": {"seeds": [0, -1]}}, "training.seeds[1] must be an integer >= 0, not -1"),
        ({"training": {"logit_adjustment": []}}, "training.logit_adjustment must be a list of one value"),
        ({"training": 5}, "training must be a section of keys, not 5"),
        ({"network": {"options": 3}}, "network.options must be a section of keys, not 3"),
        ({"network": "compact"}, "network must be a section of keys, not 'compact'"),
        ({"name": 7}, "name must be a string, not 7"),
        ({"training": {"epochs": 0}}, "training.epochs must be an integer >= 1, not 0"),
        ({"training": {"learning_rate": -1}}, "training.learning_rate must be a number > 0, not -1"),
        ({"training": {"learning_rate": float("inf")}}, "training.learning_rate must be a finite number"),
        ({"training": {"ema_decay": 1.0}}, "training.ema_decay must be a number < 1, not 1.0"),
        ({"data": {"vote_weight": 1.5}}, "data.vote_weight must be a number < 1, not 1.5"),
        ({"data": {"distill_weight": 1.5}}, "data.distill_weight must be a number <= 1, not 1.5"),
        ({"training": {"weight_decay": -0.1}}, "training.weight_decay must be a number >= 0, not -0.1"),
        ({"training": {"schedule": "onecycle"}}, "not 'onecycle'; did you mean 'one-cycle'?"),
        ({"training": {"monitor": "test_uar"}}, "not 'test_uar'; did you mean 'dev_uar'?"),
        ({"augment": {"mixpu": {}}}, "unknown key augment.mixpu; did you mean augment.mixup?"),
        ({"augment": {"mixup": 0.3}}, "augment.mixup must be a section with the keys alpha, probability"),
        ({"augment": {"mixup": {"alpha": -1}}}, "augment.mixup.alpha must be a number > 0, not -1"),
        (
            {"augment": {"mixup": {"alhpa": 1}}},
            "unknown key augment.mixup.alhpa; did you mean augment.mixup.alpha?",
        ),
        ({"augment": 3}, "augment must be a section, not 3"),
        (
            {"store": {"front_end": {"hpo": 1}}},
            "unknown key store.front_end.hpo; did you mean store.front_end.hop?",
        ),
        ({"store": {"front_end": {"fmax_hz": 9e9}}}, "fmax_hz"),
        ({"store": {"variants": 9}}, "store.variants must be an integer <= 8, not 9"),
        ({"data": {"distill_features": 3}}, "data.distill_features needs a teacher; set data.distill_from"),
        ({"text": {"encoder": ["x"]}}, "text.encoder and text.layers must be set together"),
        ({"text": {"trainable_layers": 1}}, "text.trainable_layers needs an encoder"),
        (
            {"text": {"encoder": ["x"], "layers": [1], "prepend_speaker": True}},
            "text.prepend_speaker needs a fine-tuned encoder",
        ),
    ],
)
def test_an_error_names_key_and_value(content: dict, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict(content)
    assert message in str(caught.value)


@pytest.mark.parametrize(("old", "new"), OLD_KEYS.items())
def test_an_old_key_gives_the_new_name(old: str, new: str) -> None:
    keys = all_keys()
    assert new in keys or new.startswith("network.options.")
    if old.startswith("network.options."):
        pytest.skip("options are checked by the network")
    assert old not in keys
    section, _, key = old.partition(".")
    with pytest.raises(RecipeError, match=f"unknown key {old}; it is now called {new}"):
        Recipe.from_dict({section: {key: 1}})
    with pytest.raises(RecipeError, match=f"unknown key {key}; it is now called {new}"):
        Recipe.from_dict({key: 1})


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_an_augmentation_reads_back_equal(name: str) -> None:
    recipe = Recipe.from_dict({"augment": {name: {}}})
    assert recipe.augment == {name: AUGMENTATIONS[name]()}
    assert Recipe.from_dict(tomllib.loads(recipe.to_toml())) == recipe


def test_toml_reads_back_equal(tmp_path: Path) -> None:
    recipe = Recipe.from_dict(
        {
            "name": 'quoted "name"',
            "about": "ä, \\ and\nlines",
            "store": {"front_end": {"hop": 320}, "variants": 8},
            "network": {"options": {"widths": [8, 16], "pool": {"kind": "mean"}, "on": True}},
            "training": {"learning_rate": 3e-05, "seeds": [1, 2], "ema_decay": 0.5},
            "augment": {"mixup": {"alpha": 0.25}, "resample": {"speed": 0.1}},
        }
    )
    (tmp_path / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
    for place in (tmp_path / "recipe.toml", tmp_path):
        assert load_recipe(place) == recipe
        assert load_recipe(place).hash == recipe.hash
    assert recipe.store.front_end == FrontEnd(hop=320)
    assert list(load_recipe(tmp_path).augment) == ["mixup", "resample"]


def test_every_value_and_the_order_of_augmentations_change_the_hash() -> None:
    assert Recipe.from_dict({}).hash == Recipe().hash
    recipe = Recipe.from_dict({"data": {"distill_from": "run"}})
    for section in ("store", "data", "training"):
        for field in dataclasses.fields(getattr(recipe, section)):
            value = getattr(getattr(recipe, section), field.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                other = type(value)(value / 2) if value else 0.5 if isinstance(value, float) else 1
                part = dataclasses.replace(getattr(recipe, section), **{field.name: other})
                changed = dataclasses.replace(recipe, **{section: part})
                assert changed.hash != recipe.hash, field.name
    orders = [{"mixup": {}, "time_masks": {}}, {"time_masks": {}, "mixup": {}}]
    first, second = (Recipe.from_dict({"augment": order}).hash for order in orders)
    assert first != second


def test_values_are_changed_on_loading(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[training]\nepochs = 3\n")
    changes = [
        "training.epochs=5",
        "training.seeds=[1, 2]",
        "data.split=random-leaky",
        "network.options.widths=[8, 8]",
        "training.class_weights = true",
        "augment.mixup.alpha=0.2",
        "name='other name'",
    ]
    recipe = load_recipe(file, changes=changes)
    assert (recipe.training.epochs, recipe.training.seeds) == (5, (1, 2))
    assert recipe.data.split == "random-leaky"
    assert recipe.network.options == {"widths": [8, 8]}
    assert recipe.training.class_weights
    assert recipe.augment == {"mixup": AUGMENTATIONS["mixup"](alpha=0.2)}
    assert recipe.name == "other name"
    assert load_recipe(file).name == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training.epochs", "--set expects section.key=value"),
        ("=5", "--set expects section.key=value"),
        ("epochs=5", "unknown key epochs; did you mean training.epochs?"),
        ("training.epoch=5", "did you mean training.epochs?"),
        ("name.first=5", "name is not a section"),
        ("training=5", "training must be a section"),
        ("training.epochs=", "training.epochs must be an integer, not ''"),
    ],
)
def test_an_error_in_a_change_names_the_file(tmp_path: Path, change: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("name = 'mine'\n")
    with pytest.raises(RecipeError) as caught:
        load_recipe(file, changes=[change])
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)


def test_files_that_are_not_recipes(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such recipe"):
        load_recipe(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("[training\nepochs = 3")
    with pytest.raises(RecipeError, match=r"broken\.toml: is not a readable TOML file"):
        load_recipe(tmp_path / "broken.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    with pytest.raises(RecipeError, match="is not a readable TOML file"):
        load_recipe(tmp_path / "latin.toml")


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_every_published_recipe_loads(file: Path) -> None:
    assert load_recipe(file).name == file.stem
