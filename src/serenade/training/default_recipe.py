"""The recipe that is used when none is given: a compact network, with a split that fits the corpus."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

import serenade.assets
from serenade.corpora.split_rules import people_of
from serenade.training.recipe import Recipe, read_recipe

_FILE = Path(serenade.assets.__file__).with_name("default.toml")
_CLIPS = 24_000
"""Clips that training goes through at least, so that a small corpus has enough steps."""
_EPOCHS = (15, 100)


def default_recipe(clips: pd.DataFrame, *, name: str = "default", changes: Sequence[str] = ()) -> Recipe:
    """The default recipe for a corpus.

    With speakers known for every clip, the split is five folds by speaker (one fold for each speaker, where
    there are fewer than five). Without, or with fewer than three speakers, no split by speaker is possible,
    and it is random by file. The number of epochs is larger for fewer clips.

    Args:
        clips: the labelled clips of a store, with `speaker` and `corpus`.
        name: of the recipe.
        changes: each `section.key=value`, as for `read_recipe`.

    >>> clips = pd.DataFrame({"speaker": list("abcde") * 40, "corpus": "mine"})
    >>> recipe = default_recipe(clips)
    >>> recipe.data.split, recipe.training.epochs
    ('grouped-5', 100)
    """
    recipe = read_recipe(_FILE, changes=changes)
    given = {change.partition("=")[0].strip() for change in changes}
    data, training = recipe.data, recipe.training
    if "data.split" not in given:
        data = replace(data, split=default_split(clips))
    if "training.epochs" not in given:
        low, high = _EPOCHS
        training = replace(training, epochs=min(high, max(low, math.ceil(_CLIPS / max(1, len(clips))))))
    return replace(recipe, name=name, data=data, training=training)


def default_split(clips: pd.DataFrame) -> str:
    """The name of the split that fits the speakers of a corpus."""
    if set(clips["corpus"]) == {"meld"}:
        return "meld"
    speakers = people_of(clips).nunique()
    if (clips["speaker"] == "").any() or speakers < 3:
        return "random-leaky"
    return "grouped-5" if speakers >= 5 else "one-speaker-out"
