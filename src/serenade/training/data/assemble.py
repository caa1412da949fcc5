"""Recipe + store + split → what a network is given and asked: rows, inputs, batches, questions."""

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


def usable_rows(recipe: Recipe, store: Store) -> pd.Series[bool]:
    """Rows with something to learn from: sound, text, or either."""
    present = Inputs(store, kind=recipe.data.inputs).present
    return pd.Series(present.any(1), index=store.index.index)


def inputs_of(recipe: Recipe, store: Store, split: Split) -> Inputs:
    """What the rows are given as; words are those of the train part, and of no other."""
    kind, text = recipe.data.inputs, recipe.text
    if kind == "sound":
        return Inputs(store)
    if text.vectors or text.encoder:
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
    if by_dialogue and recipe.training.sampler == "weighted":
        raise RecipeError(
            "training.sampler='weighted' draws clips, and a dialogue is whole; use class_weights"
        )
    if not by_dialogue:
        chosen &= usable_rows(recipe, store)
    training = name == "train"
    copies = None
    if recipe.data.copies != "all":
        originals = store.index["variant"] == "original"
        if training and recipe.data.copies == "drawn":
            copies = _copies_of(store, chosen & ~originals, chosen & originals)
        chosen &= originals
    rows: NDArray[np.int64] = np.flatnonzero(chosen.to_numpy())
    table = store.index.iloc[rows]
    targets = targets_of(table, labels, votes=recipe.data.votes if training else 0.0)
    if training and recipe.data.teacher:
        taught = teacher_predictions(recipe.data.teacher, store, split, rows, labels)
        targets += np.float32(recipe.data.teacher_share) * (taught - targets)
    kind = DialogueBatches if by_dialogue else Batches
    return kind(
        store,
        rows,
        targets,
        size=recipe.training.batch_size if training else _EVALUATION_BATCH,
        inputs=inputs,
        weighted=training and recipe.training.sampler == "weighted",
        copies=copies,
        copies_share=recipe.data.copies_share,
        rank=fabric.global_rank if training else 0,
        world=fabric.world_size if training else 1,
    )


def questions_of(recipe: Recipe, store: Store, split: Split) -> dict[str, Tensor]:
    """What every row should answer beside its label: see the argument of `serenade.training.loop.fit`.

    Numbered answers to what `data.auxiliary` asks, as far as the train part has them; and `data.hints`.
    """
    questions = {}
    if recipe.data.hints:
        hints = teacher_features(recipe.data.teacher, store, split, recipe.data.hints)
        questions["hints"] = torch.from_numpy(hints)
    for name in recipe.data.auxiliary:
        if name not in store.index:
            raise RecipeError(
                f"data.auxiliary asks for {name!r}, a column that this store does not have; it has "
                f"{', '.join(store.index.columns)}"
            )
        given = store.index[name].astype(str).where(store.index[name].notna(), "")
        if store.index["corpus"].nunique() > 1:
            # Speaker 01 of one corpus is not that of another.
            given = (store.index["corpus"] + "/" + given).where(given != "", "")
        answers = sorted(set(given[split.parts == "train"]) - {""})
        if len(answers) < 2:
            raise RecipeError(f"data.auxiliary asks for {name!r}, in which all clips to learn from are alike")
        numbers = given.map({answer: number for number, answer in enumerate(answers)}).fillna(UNKNOWN)
        questions[name] = torch.from_numpy(numbers.to_numpy(np.int64, copy=True))
    return questions


def _copies_of(store: Store, copies: pd.Series[bool], originals: pd.Series[bool]) -> list[NDArray[np.int64]]:
    """Positions of the altered copies of each original, in the order of the originals."""
    places = pd.Series(np.arange(len(store.index)), index=store.index.index)
    by_source = {
        source: rows.to_numpy() for source, rows in places[copies].groupby(store.index["source"][copies])
    }
    nothing = np.array([], np.int64)
    return [by_source.get(source, nothing) for source in store.index.loc[originals, "source"]]
