from __future__ import annotations

import pandas as pd
import pytest

from serenade.training.default_recipe import default_recipe


def clips(*speakers: str, corpus: str = "mine", each: int = 100) -> pd.DataFrame:
    return pd.DataFrame({"speaker": [name for name in speakers for _ in range(each)], "corpus": corpus})


@pytest.mark.parametrize(
    ("table", "split"),
    [
        (clips("a", "b", "c", "d", "e"), "grouped-5"),
        (clips("a", "b", "c"), "one-speaker-out"),
        (clips("a", "b"), "random-leaky"),
        (clips("a", "b", "c", "d", "e", ""), "random-leaky"),
        (clips("a", "b", corpus="meld"), "meld"),
    ],
    ids=["five", "three", "two", "unknown", "meld"],
)
def test_the_split_fits_the_speakers(table: pd.DataFrame, split: str) -> None:
    assert default_recipe(table).data.split == split


def test_fewer_clips_are_seen_more_often() -> None:
    counts = [default_recipe(clips("a", "b", "c", each=each)).training.epochs for each in (10, 500, 9_000)]
    assert counts == [100, 16, 15]


def test_what_the_user_sets_stays() -> None:
    changes = ["data.split=random-leaky", "training.epochs=2"]
    recipe = default_recipe(clips("a", "b", "c"), name="x", changes=changes)
    assert (recipe.name, recipe.data.split, recipe.training.epochs) == ("x", "random-leaky", 2)
