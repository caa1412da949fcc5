"""From a recipe, a store and a split to inputs, batches and auxiliary targets."""

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
    """Which rows of a store have an input of the recipe: sound, text, or at least one of both."""
    present = Inputs(store, kind=recipe.data.inputs).present
    return pd.Series(present.any(1), index=store.index.index)


def inputs_of(recipe: Recipe, store: Store, split: Split) -> Inputs:
    """The inputs of a recipe; a vocabulary is that of the train part."""
    kind, text = recipe.data.inputs, recipe.text
    if kind == "sound":
        return Inputs(store)
    if text.encoder:
        return Inputs.of_encoders(store, asdict(text), kind=kind)
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
    """The batches of one part of a split.

    Args:
        recipe: batch size, sampler, variants and targets.
        store: where the rows are.
        split: which rows.
        name: of the part, "train" or "dev"; votes, variants, distillation and the sampler are for "train".
        labels: order of the classes; rows with another label are skipped.
        inputs: inputs of the network.
        fabric: number of processes that share the train part.

    Raises:
        RecipeError: a sampler of clips, for a network of dialogues.
        ModelError, SplitError: see `serenade.training.distillation.teacher_predictions`.
    """
    chosen = (split.parts == name) & store.index["emotion"].isin(labels)
    by_dialogue = "dialogues" in inputs.takes
    if by_dialogue and recipe.training.sampler == "balanced":
        raise RecipeError(
            "training.sampler='balanced' draws single clips, and this network needs whole dialogues; use "
            "training.class_weights instead"
        )
    if not by_dialogue:
        chosen &= usable_rows(recipe, store)
    training = name == "train"
    variants = None
    if recipe.data.variants != "all":
        originals = store.index["variant"] == "original"
        if training and recipe.data.variants == "sample":
            variants = _variants_of(store, chosen & ~originals, chosen & originals)
        chosen &= originals
    rows: NDArray[np.int64] = np.flatnonzero(chosen.to_numpy())
    vote_weight = recipe.data.vote_weight if training else 0.0
    targets = targets_of(store.index.iloc[rows], labels, vote_weight=vote_weight)
    if training and recipe.data.distill_from:
        teacher = teacher_predictions(recipe.data.distill_from, store, split, rows, labels)
        targets += np.float32(recipe.data.distill_weight) * (teacher - targets)
    kind = DialogueBatches if by_dialogue else Batches
    return kind(
        store,
        rows,
        targets,
        size=recipe.training.batch_size if training else _EVALUATION_BATCH,
        inputs=inputs,
        balanced=training and recipe.training.sampler == "balanced",
        variants=variants,
        variant_probability=_VARIANT_PROBABILITY,
        rank=fabric.global_rank if training else 0,
        world=fabric.world_size if training else 1,
    )


def auxiliary_targets_of(recipe: Recipe, store: Store, split: Split) -> dict[str, Tensor]:
    """Targets of `data.auxiliary_targets` and `data.distill_features` for every row of the store.

    The first are class numbers, `UNKNOWN` where the train part does not have the class [shape=(rows,)]; the
    second are values [shape=(rows, n)].

    Raises:
        RecipeError: the store has no such column, or the train part has one value in it.
    """
    targets = {}
    if recipe.data.distill_features:
        features = teacher_features(recipe.data.distill_from, store, split, recipe.data.distill_features)
        targets["distill_features"] = torch.from_numpy(features)
    for name in recipe.data.auxiliary_targets:
        if name not in store.index:
            raise RecipeError(
                f"data.auxiliary_targets names {name!r}, a column that this store does not have; it has "
                f"{', '.join(store.index.columns)}"
            )
        values = store.index[name].astype(str).where(store.index[name].notna(), "")
        if store.index["corpus"].nunique() > 1:
            # Speaker 01 of one corpus is not speaker 01 of another.
            values = (store.index["corpus"] + "/" + values).where(values != "", "")
        classes = sorted(set(values[split.parts == "train"]) - {""})
        if len(classes) < 2:
            raise RecipeError(f"data.auxiliary_targets names {name!r}, which has one value in the train part")
        numbers = values.map({value: number for number, value in enumerate(classes)}).fillna(UNKNOWN)
        targets[name] = torch.from_numpy(numbers.to_numpy(np.int64, copy=True))
    return targets


def _variants_of(
    store: Store, variants: pd.Series[bool], originals: pd.Series[bool]
) -> list[NDArray[np.int64]]:
    """Positions of the waveform variants of each original, in the order of the originals."""
    places = pd.Series(np.arange(len(store.index)), index=store.index.index)
    by_source = {
        source: rows.to_numpy() for source, rows in places[variants].groupby(store.index["source"][variants])
    }
    nothing = np.array([], np.int64)
    return [by_source.get(source, nothing) for source in store.index.loc[originals, "source"]]
