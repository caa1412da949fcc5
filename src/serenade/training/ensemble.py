"""An ensemble of the seeds of a finished run: a run like any other, often better than each seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lightning_fabric import Fabric

from serenade.errors import OutputError, RecipeError, SplitError
from serenade.features.store import Store
from serenade.files import LOCK, lock, make_folder, protect_inputs
from serenade.folders import EpochLog, RunFolder
from serenade.networks.architectures.ensemble import Ensemble
from serenade.networks.weights import load_network
from serenade.training.data.assemble import batches_of, inputs_of
from serenade.training.dev import HeldOut, dev_figures
from serenade.training.fold_run import FoldRun, fold_runs_of, split_of
from serenade.training.publish import write_model
from serenade.training.recipe import Recipe, load_recipe
from serenade.training.recipe_sections import NetworkSection
from serenade.training.run import Run, run_of, summary_of
from serenade.training.split_record import split_rows
from serenade.training.start import start_run


def ensemble(
    run: str | Path,
    *,
    out: str | Path,
    members: int | None = None,
    store: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Run:
    """Make an ensemble of the seeds of a run in each fold, calibrated anew on dev; nothing is trained.

    Networks that differ only in their seed make partly independent errors, so the mean of their
    log-probabilities is right more often (Hansen and Salamon 1990). It costs the time of all of them.

    Args:
        run: folder of a finished run of two seeds or more.
        out: the new run folder; `serenade evaluate`, `report`, `export` and `predict` accept it.
        members: seeds in each ensemble: a run of six seeds gives three ensembles of two for each fold. All
            seeds if None.
        store: the run's own, if it has been moved.
        progress: called with (models done, models in all).

    Raises:
        RecipeError: the run has one seed, or `members` does not divide the number of its seeds.
        RunError, StoreError: the run is not finished or damaged, or its store is not there.
        SplitError: the run was trained on another store.
        OutputError: `out` holds another run, or cannot be written to.
    """
    source, target = RunFolder(Path(run)), RunFolder(Path(out))
    protect_inputs([target.path], [source.path])
    recipe = load_recipe(source.path)
    seeds = recipe.training.seeds
    if len(seeds) < 2:
        raise RecipeError(f"{run} was trained with one seed, and an ensemble needs two at least")
    size = len(seeds) if members is None else members
    if size < 2 or len(seeds) % size:
        raise RecipeError(
            f"the {len(seeds)} seeds of {run} cannot be divided into ensembles of {size}; choose a "
            "divisor of 2 or more"
        )
    opened = Store.open(source.read_summary().store.path if store is None else store)
    joint = _ensemble_recipe(recipe, size)
    folders = {(member.fold, member.seed): member.folder for member in fold_runs_of(recipe, opened, source)}
    fold_runs = fold_runs_of(joint, opened, target)
    busy = OutputError("another serenade is writing here; wait until it ends", file=target.path)
    logs = []
    with lock(make_folder(target.path) / LOCK, busy=busy):
        start_run(target, joint, opened, resume=True)
        for number, fold_run in enumerate(fold_runs):
            if progress is not None:
                progress(number, len(fold_runs))
            first = seeds.index(fold_run.seed)
            its_members = [folders[fold_run.fold, seed] for seed in seeds[first : first + size]]
            logs.append([_ensemble_of(joint, opened, fold_run, its_members)])
        summary = summary_of(joint, opened, fold_runs, logs)
        target.write_summary(summary)
    return run_of(target, joint, summary)


def _ensemble_recipe(recipe: Recipe, size: int) -> Recipe:
    """The recipe whose network is an ensemble; the first seed of each ensemble names it."""
    member = {"name": recipe.network.name, "options": recipe.network.options}
    seeds = recipe.training.seeds
    return replace(
        recipe,
        name=f"{recipe.name}_ensemble" + (f"_{size}" if size < len(seeds) else ""),
        about=f"{recipe.about}; an ensemble of {size} seeds",
        network=NetworkSection(name="ensemble", options={"members": [member] * size}),
        training=replace(recipe.training, seeds=seeds[::size]),
    )


def _ensemble_of(recipe: Recipe, store: Store, fold_run: FoldRun, members: list[RunFolder]) -> EpochLog:
    """Write the ensemble of one fold; its figures on dev, and the training time of all members."""
    split, folder = split_of(recipe, store, fold_run), fold_run.folder
    loaded = [load_network(member.path) for member in members]
    if any(spec.split.get("hash") != split.hash for _, spec in loaded):
        raise SplitError(
            f"{members[0].path} was trained under another split than the store {store.path} gives; name the "
            "store that it was trained on"
        )
    labels = loaded[0][1].labels
    inputs = inputs_of(recipe, store, split)
    network = Ensemble(n_classes=len(labels), **inputs.sizes, **recipe.network.options)
    for copy, (original, _) in zip(network.networks, loaded, strict=True):
        copy.load_state_dict(original.state_dict())
    network.eval()
    inputs.attach(network)
    dev = batches_of(recipe, store, split, "dev", labels, inputs, Fabric(accelerator="cpu", devices=1))
    logs = [member.read_log() for member in members]
    line = {
        "epoch": max(log[-1]["epoch"] for log in logs),
        **dev_figures(network, dev, labels),
        "seconds": sum(line["seconds"] for log in logs for line in log),
    }
    if not folder.model.is_complete:
        shares = store.index.loc[split.parts == "train", "emotion"].value_counts(normalize=True)
        prior = shares.reindex(labels).fillna(0).to_numpy("float32")
        folder.write_split(split_rows(store, split))
        folder.write_recipe(recipe.to_toml())
        held_out = HeldOut.of_dev(network, dev)
        write_model(recipe, store, split, network, held_out, inputs, prior, labels, [line], folder.model)
    return line
