"""The recipe that is used when none is given: a compact network, with a split that fits the corpus."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

import serenade.assets
from serenade.corpora import suggest_split
from serenade.training.recipe import Recipe, load_recipe

_FILE = Path(serenade.assets.__file__).with_name("default.toml")
_CLIPS = 24_000
"""Clips that training goes through at least, so that a small corpus has enough steps."""
_EPOCHS = (15, 100)


def default_recipe(clips: pd.DataFrame, *, name: str = "default", changes: Sequence[str] = ()) -> Recipe:
    """The default recipe for a corpus.

    The split is that of `serenade.corpora.suggest_split`: by speaker where the speakers are known. The number
    of epochs is larger for fewer clips.

    Args:
        clips: the usable clips of a store.
        name: of the recipe.
        changes: each `section.key=value`, as for `load_recipe`.

    >>> from serenade.corpora import new_table
    >>> rows = ({"file": f"{i}.wav", "emotion": "fear", "speaker": "abcde"[i % 5]} for i in range(200))
    >>> clips = new_table(rows)
    >>> recipe = default_recipe(clips)
    >>> recipe.data.split, recipe.training.epochs
    ('grouped-5', 100)
    """
    recipe = load_recipe(_FILE, changes=changes)
    given = {change.partition("=")[0].strip() for change in changes}
    data, training = recipe.data, recipe.training
    about = recipe.about
    if "data.split" not in given:
        split, reason = suggest_split(clips)
        data, about = replace(data, split=split), f"{about}; split {split}: {reason}"
    if "training.epochs" not in given:
        low, high = _EPOCHS
        labelled = int((clips["emotion"] != "").sum())
        training = replace(training, epochs=min(high, max(low, math.ceil(_CLIPS / max(1, labelled)))))
    return replace(recipe, name=name, about=about, data=data, training=training)
