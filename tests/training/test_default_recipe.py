from __future__ import annotations

import pandas as pd
import pytest

from serenade.corpora import new_table
from serenade.training.default_recipe import default_recipe


def clips(*speakers: str, each: int = 100) -> pd.DataFrame:
    rows = [
        {"file": f"{number}_{place}.wav", "emotion": "fear", "speaker": name}
        for place, name in enumerate(speakers)
        for number in range(each)
    ]
    return new_table(rows)


@pytest.mark.parametrize(
    ("table", "split"),
    [
        (clips("a", "b", "c", "d", "e"), "grouped-5"),
        (clips("a", "b", "c"), "one-speaker-out"),
        (clips("a", "b", "c", "d", "e", ""), "random-leaky"),
    ],
    ids=["five", "three", "unknown"],
)
def test_the_split_fits_the_speakers(table: pd.DataFrame, split: str) -> None:
    recipe = default_recipe(table)
    assert recipe.data.split == split
    assert f"; split {split}: " in recipe.about


def test_what_the_user_sets_stays() -> None:
    changes = ["data.split=random-leaky", "training.epochs=2"]
    recipe = default_recipe(clips("a", "b", "c"), name="x", changes=changes)
    assert (recipe.name, recipe.data.split, recipe.training.epochs) == ("x", "random-leaky", 2)
