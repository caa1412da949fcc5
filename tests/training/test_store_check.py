from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from serenade.errors import StoreError
from serenade.features.store import Store
from serenade.training.recipe import Recipe
from serenade.training.run import train
from serenade.training.store_check import check_store


def recipe(**sections: dict) -> Recipe:
    return Recipe.from_dict({"name": "mine", "data": {"split": "grouped-3", "fold": 1}, **sections})


@pytest.mark.parametrize("needed", [{}, {"corpus": "toy"}, {"variants": 0, "trim": False}])
def test_a_store_that_fits(store: Store, needed: dict) -> None:
    check_store(recipe(store=needed), store)


@pytest.mark.parametrize(
    ("needed", "message"),
    [
        ({"corpus": "ravdess"}, "it has the corpus toy, not ravdess; make"),
        ({"front_end": {"hop": 320}}, r"it has another front end \(rate_hz is 8000, not 16000\)"),
        ({"variants": 8}, "it has 0 waveform variants of each clip, not 8"),
        ({"trim": True}, "it is not trimmed"),
        ({"corpus": "x", "trim": True}, "it has the corpus toy, not x and is not trimmed"),
    ],
)
def test_a_store_that_does_not_fit(store: Store, needed: dict, message: str, tmp_path: Path) -> None:
    for check in (
        lambda: check_store(recipe(store=needed), store),
        lambda: train(recipe(store=needed), store=store, out=tmp_path / "run"),
    ):
        with pytest.raises(StoreError, match=f"does not fit the recipe 'mine': {message}") as caught:
            check()
        assert caught.value.message.endswith("serenade prepare FOLDER --recipe mine.toml --out STORE")
    assert not (tmp_path / "run").exists()


def test_variants_are_counted(make_store: Callable[..., Store], tmp_path: Path) -> None:
    with_one = make_store(tmp_path / "store", copies=True)
    check_store(recipe(store={"variants": 1}), with_one)
    with pytest.raises(StoreError, match="has 1 waveform variants of each clip, not 2"):
        check_store(recipe(store={"variants": 2}), with_one)
    with pytest.raises(StoreError, match="has 0 noisy copies of each clip, not 1"):
        check_store(recipe(store={"noisy_copies": 1}), with_one)


def test_a_text_recipe_needs_no_front_end(store: Store) -> None:
    check_store(recipe(store={"front_end": {"hop": 320}}, data={"inputs": "text"}), store)
