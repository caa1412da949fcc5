"""Training of a network whose last layer is solved in closed form, on vectors of a frozen encoder."""

from __future__ import annotations

import time

import numpy as np
import torch

from serenade.corpora import Split
from serenade.corpora.speaker_names import names_of_speakers
from serenade.errors import RecipeError
from serenade.evaluation.calibration import fit_temperature
from serenade.features.store import Store
from serenade.folders import EpochLog
from serenade.networks.architectures.encoder import EncoderNetwork
from serenade.training.data.inputs import Inputs
from serenade.training.dev import HeldOut
from serenade.training.linear_classifier import TrainingClips, fit_linear_classifier
from serenade.training.recipe import Recipe

LARGEST = 15_000
"""Largest number of clips and copies: a matrix of 1.8 GB, of which four are needed."""


def fit_closed_form(
    recipe: Recipe,
    store: Store,
    split: Split,
    network: EncoderNetwork,
    labels: tuple[str, ...],
    inputs: Inputs,
) -> tuple[HeldOut, EpochLog]:
    """Fit the last layer of a network on the train and dev parts.

    Nothing is chosen on dev, so its clips are trained on as well. The figures of "dev" are those of a
    cross-validation within both parts, with whole speakers held out; the calibration uses its logits.

    Args:
        recipe: with `training.ridge_penalty` and `training.other_corpora_weight`.
        store: where the clips are.
        split: which of them.
        network: changed in place.
        labels: order of the classes.
        inputs: with the statistics of the network's encoder.

    Returns:
        The held-out logits, and the figures as those of one epoch.

    Raises:
        RecipeError: the recipe has augmentations of log-mels, which do not apply, or there are too many
            clips.
    """
    if recipe.augment:
        raise RecipeError(
            "the network encoder is trained on statistics that are computed once, so [augment] does not "
            "apply; remove it, or set store.noisy_copies or store.variants to train on changed waveforms"
        )
    started = time.perf_counter()
    index = store.index
    chosen = (split.parts.isin(["train", "dev"]) & index["emotion"].isin(labels)).to_numpy(bool)
    chosen = chosen & inputs.present.any(1)
    originals = (index["variant"] == "original").to_numpy(bool)
    if recipe.data.variants == "none":
        chosen &= originals
    if recipe.data.split_corpus and not recipe.training.other_corpora_weight:
        chosen &= (index["corpus"] == recipe.data.split_corpus).to_numpy(bool)
    rows = np.flatnonzero(chosen)
    if len(rows) > LARGEST:
        raise RecipeError(
            f"{len(rows):,} clips and copies are more than the {LARGEST:,} for which the classifier of the "
            "network encoder can be computed, because memory grows with their square; train on fewer, or "
            "with another recipe such as recipes/compact.toml"
        )
    table = index.iloc[rows]
    speakers = names_of_speakers(table)
    speakers = speakers.where(speakers != "", table["source"])
    main = table["corpus"].to_numpy(object) == recipe.data.split_corpus
    clips = TrainingClips(
        features=np.asarray(inputs.statistics[rows]),
        targets=np.array([labels.index(emotion) for emotion in table["emotion"]], np.int64),
        n_classes=len(labels),
        corpora=table["corpus"].to_numpy(object),
        is_main=main if recipe.data.split_corpus else np.ones(len(rows), bool),
        is_original=originals[rows],
        groups=speakers.to_numpy(object),
    )
    found = fit_linear_classifier(
        clips,
        penalty=recipe.training.ridge_penalty,
        other_corpora_weight=recipe.training.other_corpora_weight,
    )
    state = {"mean": found.mean, "scale": found.scale}
    network.load_state_dict({**state, "classify.weight": found.weight, "classify.bias": found.bias})
    network.eval()
    known = clips.is_original[clips.is_main]
    held_out = HeldOut(
        rows=rows[clips.is_main][known],
        logits=found.held_out_logits[known],
        targets=clips.targets[clips.is_main][known],
    )
    line = _line(found.logits[known], held_out, labels)
    return held_out, {**line, "seconds": round(time.perf_counter() - started, 3)}


def _line(logits: np.ndarray, held_out: HeldOut, labels: tuple[str, ...]) -> EpochLog:
    """The figures as those of one epoch; losses at the temperature that fits the held-out logits."""
    temperature = np.float32(fit_temperature(held_out.logits, held_out.targets))
    wanted = torch.from_numpy(held_out.targets)
    loss = torch.nn.functional.cross_entropy(torch.from_numpy(logits / temperature), wanted)
    scaled = HeldOut(rows=held_out.rows, logits=held_out.logits / temperature, targets=held_out.targets)
    return {
        "epoch": 1,
        "step": 1,
        "train_loss": float(loss),
        "train_accuracy": float((logits.argmax(1) == held_out.targets).mean()),
        **scaled.figures(labels),
        "lr": 0.0,
    }
