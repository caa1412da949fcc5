"""The recipe that is used when none is given: the bundled encoder, with a split that fits the corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

import serenade.assets
from serenade.corpora import suggest_split
from serenade.training.recipe import Recipe, load_recipe

_FILE = Path(serenade.assets.__file__).with_name("default.toml")


def default_recipe(clips: pd.DataFrame, *, name: str = "default", changes: Sequence[str] = ()) -> Recipe:
    """The default recipe for a corpus.

    The split is that of `serenade.corpora.suggest_split`: by speaker where the speakers are known.

    Args:
        clips: the usable clips of a store.
        name: of the recipe.
        changes: each `section.key=value`, as for `load_recipe`.

    >>> from serenade.corpora import new_table
    >>> rows = ({"file": f"{i}.wav", "emotion": "fear", "speaker": "abcde"[i % 5]} for i in range(200))
    >>> clips = new_table(rows)
    >>> recipe = default_recipe(clips)
    >>> recipe.data.split, recipe.network.name
    ('grouped-5', 'encoder')
    """
    recipe = load_recipe(_FILE, changes=changes)
    given = {change.partition("=")[0].strip() for change in changes}
    data, about = recipe.data, recipe.about
    if "data.split" not in given:
        split, reason = suggest_split(clips)
        data, about = replace(data, split=split), f"{about}; split {split}: {reason}"
    return replace(recipe, name=name, about=about, data=data)
