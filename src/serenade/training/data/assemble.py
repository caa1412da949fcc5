"""Recipe + store + split → what a network is given and asked: rows, inputs, batches, targets."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

from serenade.corpora import Split
from serenade.errors import RecipeError
from serenade.features.store import Store
from serenade.features.text_vectors import texts_of
from serenade.inference.tokens import Vocabulary, vocabulary_of
from serenade.networks.auxiliary import UNKNOWN
from serenade.training.data.batches import Batches, targets_of
from serenade.training.data.dialogues import DialogueBatches
from serenade.training.data.inputs import Inputs
from serenade.training.distillation import teacher_features, teacher_predictions
from serenade.training.recipe import Recipe

_EVALUATION_BATCH = 64

_VARIANT_PROBABILITY = 0.5
"""Probability that a clip is replaced by one of its variants, with `data.variants="sample"`."""


def usable_rows(recipe: Recipe, store: Store) -> pd.Series[bool]:
    """Rows with something to learn from: sound, text, or either."""
    present = Inputs(store, kind=recipe.data.inputs).present
    return pd.Series(present.any(1), index=store.index.index)


def inputs_of(recipe: Recipe, store: Store, split: Split) -> Inputs:
    """What the rows are given as; words are those of the train part, and of no other."""
    kind, text = recipe.data.inputs, recipe.text
    if kind == "sound":
        return Inputs(store)
    if text.encoder:
        return Inputs.of_text(store, asdict(text), kind=kind)
    texts = texts_of(store)[(split.parts == "train").to_numpy()]
    vocabulary = Vocabulary(vocabulary_of(texts, min_count=text.min_count))
    return Inputs(store, kind=kind, vocabulary=vocabulary)


def batches_of(
    recipe: Recipe,
    store: Store,
    split: Split,
    name: str,
    labels: tuple[str, ...],
    inputs: Inputs,
    fabric: Fabric,
) -> Batches:
    """One part of a split, ready to be drawn from.

    Args:
        recipe: how it is drawn.
        store: where the rows are.
        split: which of them.
        name: of the part, "train" or "dev"; only "train" is drawn at random, with votes, copies
            and what a teacher says.
        labels: order of the classes; rows of other classes are left out.
        inputs: what the network is given of a row.
        fabric: how many processes share the train part.

    Raises:
        RecipeError: what the recipe asks for cannot be drawn from whole dialogues.
        ModelError, SplitError: see `serenade.training.distillation.teacher_predictions`.
    """
    chosen = (split.parts == name) & store.index["emotion"].isin(labels)
    by_dialogue = "dialogues" in inputs.takes
    if by_dialogue and recipe.training.sampler == "balanced":
        raise RecipeError(
            "training.sampler='balanced' draws clips, and a dialogue is whole; use class_weights"
        )
    if not by_dialogue:
        chosen &= usable_rows(recipe, store)
    training = name == "train"
    copies = None
    if recipe.data.variants != "all":
        originals = store.index["variant"] == "original"
        if training and recipe.data.variants == "sample":
            copies = _copies_of(store, chosen & ~originals, chosen & originals)
        chosen &= originals
    rows: NDArray[np.int64] = np.flatnonzero(chosen.to_numpy())
    table = store.index.iloc[rows]
    targets = targets_of(table, labels, votes=recipe.data.vote_weight if training else 0.0)
    if training and recipe.data.distill_from:
        taught = teacher_predictions(recipe.data.distill_from, store, split, rows, labels)
        targets += np.float32(recipe.data.distill_weight) * (taught - targets)
    kind = DialogueBatches if by_dialogue else Batches
    return kind(
        store,
        rows,
        targets,
        size=recipe.training.batch_size if training else _EVALUATION_BATCH,
        inputs=inputs,
        weighted=training and recipe.training.sampler == "balanced",
        copies=copies,
        copies_share=_VARIANT_PROBABILITY,
        rank=fabric.global_rank if training else 0,
        world=fabric.world_size if training else 1,
    )


def auxiliary_targets_of(recipe: Recipe, store: Store, split: Split) -> dict[str, Tensor]:
    """Targets of `data.auxiliary_targets` and `data.distill_features` for every row of the store.

    The first are class numbers, `UNKNOWN` where the train part does not have the class [shape=(rows,)]; the
    second are values [shape=(rows, n)].
    """
    targets = {}
    if recipe.data.distill_features:
        hints = teacher_features(recipe.data.distill_from, store, split, recipe.data.distill_features)
        targets["hints"] = torch.from_numpy(hints)
    for name in recipe.data.auxiliary_targets:
        if name not in store.index:
            raise RecipeError(
                f"data.auxiliary_targets names {name!r}, a column that this store does not have; it has "
                f"{', '.join(store.index.columns)}"
            )
        given = store.index[name].astype(str).where(store.index[name].notna(), "")
        if store.index["corpus"].nunique() > 1:
            # Speaker 01 of one corpus is not that of another.
            given = (store.index["corpus"] + "/" + given).where(given != "", "")
        answers = sorted(set(given[split.parts == "train"]) - {""})
        if len(answers) < 2:
            raise RecipeError(f"data.auxiliary_targets names {name!r}, which has one value in the train part")
        numbers = given.map({answer: number for number, answer in enumerate(answers)}).fillna(UNKNOWN)
        targets[name] = torch.from_numpy(numbers.to_numpy(np.int64, copy=True))
    return targets


def _copies_of(store: Store, copies: pd.Series[bool], originals: pd.Series[bool]) -> list[NDArray[np.int64]]:
    """Positions of the altered copies of each original, in the order of the originals."""
    places = pd.Series(np.arange(len(store.index)), index=store.index.index)
    by_source = {
        source: rows.to_numpy() for source, rows in places[copies].groupby(store.index["source"][copies])
    }
    nothing = np.array([], np.int64)
    return [by_source.get(source, nothing) for source in store.index.loc[originals, "source"]]
