"""A fold run: one fold and one seed of a recipe, from its split to its model folder."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from serenade.adaptation import Adaptation
from serenade.corpora import Split, check_split, count_folds, make_split, rows_of_corpus
from serenade.corpora.train_speakers import with_train_speakers
from serenade.errors import RecipeError, SplitError
from serenade.features.store import Store
from serenade.folders import EpochLog, RunFolder
from serenade.labels import ordered_labels
from serenade.networks import create_network
from serenade.networks.architectures.encoder import EncoderNetwork
from serenade.training.closed_form import fit_closed_form
from serenade.training.curves import write_curves
from serenade.training.data.assemble import auxiliary_targets_of, batches_of, inputs_of, usable_rows
from serenade.training.data.batches import Batches
from serenade.training.dev import HeldOut
from serenade.training.devices import Send, create_fabric, launch
from serenade.training.domain import add_domain_check
from serenade.training.loop import fit
from serenade.training.publish import write_model
from serenade.training.recipe import Recipe
from serenade.training.split_record import split_rows


@dataclass(frozen=True, kw_only=True)
class FoldRun:
    """One fold and seed of a run, or its final model.

    Attributes:
        fold: from 1; None where the split has no folds, and for the final model.
        seed: of the training.
        folder: where its log, split, checkpoints and model are written.
        final: trained on the speakers of the test part too.
        number: its place in the run, from 1.
        count: of the fold runs of the run, the final model included.
    """

    fold: int | None
    seed: int
    folder: RunFolder
    final: bool = False
    number: int = 1
    count: int = 1

    @property
    def name(self) -> str:
        """The folder's name, such as `fold1-seed0`."""
        return self.folder.path.resolve().name


OnEpoch = Callable[[FoldRun, EpochLog], None]
"""Called after every epoch with its figures."""


def fold_runs_of(recipe: Recipe, store: Store, run: RunFolder) -> list[FoldRun]:
    """The fold runs of a recipe on a store; a single one is written into the run folder itself."""
    n_folds = count_folds(recipe.data.split, rows_of_corpus(store.index, recipe.data.split_corpus))
    folds: list[int | None] = [recipe.data.fold or None] if n_folds == 1 or recipe.data.fold else []
    folds = folds or list(range(1, n_folds + 1))
    pairs = [(fold, seed) for seed in recipe.training.seeds for fold in folds]
    if len(pairs) == 1:
        return [FoldRun(fold=pairs[0][0], seed=pairs[0][1], folder=run)]
    return [
        FoldRun(
            fold=fold,
            seed=seed,
            folder=run.fold_run(fold=fold, seed=seed),
            number=number,
            count=len(pairs),
        )
        for number, (fold, seed) in enumerate(pairs, start=1)
    ]


def split_of(recipe: Recipe, store: Store, fold_run: FoldRun) -> Split:
    """The split of a fold run, checked: it does not leak, and its dev part is not empty.

    Raises:
        SplitError: it leaks, does not fit the corpus, or has no dev part.
    """
    data = recipe.data
    first_fold = 1 if count_folds(data.split, rows_of_corpus(store.index, data.split_corpus)) > 1 else None
    split = make_split(
        store.index,
        data.split,
        fold=fold_run.fold or (first_fold if fold_run.final else None),
        seed=data.split_seed,
        dev_share=data.dev_fraction,
        corpus=data.split_corpus,
        without_test=fold_run.final,
    )
    if data.train_speakers and not fold_run.final:
        split = with_train_speakers(
            store.index,
            split,
            speakers=data.train_speakers,
            draw=data.speaker_draw,
            corpus=data.split_corpus,
        )
    check_split(store.index, split)
    if not (usable_rows(recipe, store) & (split.parts == "dev")).any():
        raise SplitError(f"the split {split.name!r} leaves no clips for dev; training chooses on them")
    return split


def labels_of(recipe: Recipe, store: Store, split: Split) -> tuple[str, ...]:
    """The labels to train: those of the train part, or of the recipe.

    Raises:
        RecipeError: the recipe names a label that the train part does not have.
    """
    found = ordered_labels(store.index.loc[(split.parts == "train") & usable_rows(recipe, store), "emotion"])
    missing = [label for label in recipe.data.labels if label not in found]
    if missing:
        raise RecipeError(
            f"data.labels names {', '.join(missing)}, which the train part does not have; it has "
            f"{', '.join(found)}"
        )
    return tuple(label for label in found if not recipe.data.labels or label in recipe.data.labels)


def train_fold_run(
    recipe: Recipe,
    store: Store,
    split: Split,
    fold_run: FoldRun,
    *,
    device: str = "auto",
    devices: int = 1,
    on_epoch: OnEpoch | None = None,
    adaptation: Adaptation | None = None,
) -> None:
    """Train one fold run, or continue it from its last checkpoint, and write its model.

    Args:
        recipe: every choice.
        store: what is trained on.
        split: of the fold.
        fold_run: which fold and seed, and where its files go.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
        devices: processes (on CPU) or GPUs that share each step (DDP).
        on_epoch: called after every epoch, past epochs of a resumed run included.
        adaptation: to speakers, for the model; None to fit one to dev, if it has enough speakers.

    Raises:
        DeviceError: there is no such device, or there are fewer of them.
        RecipeError: a value that the network does not take.
        OutputError: the folder cannot be written to.
    """
    # Fabric prints the precision for every fold; the recipe states it once.
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
    fabric = create_fabric(device, devices=devices, precision=recipe.training.precision)
    work = partial(
        _work,
        recipe=recipe,
        store_path=store.path,
        split=split,
        fold_run=fold_run,
        adaptation=adaptation,
    )
    launch(fabric, work, lambda line: on_epoch(fold_run, line) if on_epoch is not None else None)


def _work(
    fabric: Fabric,
    send: Send,
    *,
    recipe: Recipe,
    store_path: Path,
    split: Split,
    fold_run: FoldRun,
    adaptation: Adaptation | None,
) -> None:
    """Train; runs in every process of a distributed training, of which the first one writes the files."""
    store, folder = Store.open(store_path), fold_run.folder
    labels = labels_of(recipe, store, split)
    inputs = inputs_of(recipe, store, split)
    torch.manual_seed(fold_run.seed)
    network = create_network(
        recipe.network.name, n_classes=len(labels), **inputs.sizes, **recipe.network.options
    )
    inputs.attach(network)
    lines: list[EpochLog] = []
    parts: list[Batches] = []

    def on_epoch(line: EpochLog) -> None:
        lines.append(line)
        if fabric.is_global_zero:
            folder.write_log(lines)
            send(line)

    if fabric.is_global_zero:
        folder.write_split(split_rows(store, split))
    if isinstance(network, EncoderNetwork):
        held_out, line = fit_closed_form(recipe, store, split, network, labels, inputs)
        on_epoch(line)
        shares = np.bincount(held_out.targets, minlength=len(labels)) / len(held_out.targets)
        prior = shares.astype(np.float32)
    else:
        train, dev = parts = [
            batches_of(recipe, store, split, name, labels, inputs, fabric) for name in ("train", "dev")
        ]
        network = fit(
            recipe,
            network,
            train,
            dev,
            labels,
            seed=fold_run.seed,
            folder=folder,
            fabric=fabric,
            on_epoch=on_epoch,
            auxiliary_targets=auxiliary_targets_of(recipe, store, split),
        )
        held_out, prior = HeldOut.of_dev(network, dev), train.targets.mean(0)
    if fabric.is_global_zero:
        write_curves(lines, folder, score=recipe.training.score)
        folder.write_recipe(recipe.to_toml())
        # The models of the folds are for evaluation, which needs none.
        is_used = fold_run.final or fold_run.count == 1
        domain = add_domain_check(network, store, split, labels, inputs, parts) if is_used else None
        write_model(
            recipe,
            store,
            split,
            network,
            held_out,
            inputs,
            prior,
            labels,
            lines,
            folder.model,
            adaptation=adaptation,
            domain=domain,
            # Ten copies of the same encoder would take longer to write than the classifiers to train.
            with_onnx=is_used or not isinstance(network, EncoderNetwork),
        )
    fabric.barrier()
