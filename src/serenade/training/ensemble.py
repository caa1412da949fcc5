"""The seeds of a finished run as one committee a fold: a run like any other, often better than each seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lightning_fabric import Fabric

from serenade.errors import OutputError, RecipeError, SplitError
from serenade.features.store import Store
from serenade.files import LOCK, lock, make_folder, write_json, write_whole
from serenade.networks.architectures.ensemble import Committee
from serenade.networks.weights import load_network
from serenade.training.data.assemble import batches_of, inputs_of
from serenade.training.evaluate import own_store
from serenade.training.loop import EpochLog, dev_figures
from serenade.training.model_card import CARD
from serenade.training.publish import write_model
from serenade.training.recipe import NetworkChoice, Recipe, read_recipe
from serenade.training.run import (
    SUMMARY,
    Part,
    checked_split,
    claim_folder,
    parts_of,
    read_log,
    summary_of,
    write_split,
)


def combine(
    run: str | Path,
    out: str | Path,
    *,
    members: int | None = None,
    store: str | Path | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Path:
    """Let the seeds of a run answer together (`committee`), calibrated anew on dev.

    Nothing is trained. Networks that differ in their seed alone err in part apart, so that the mean of their
    log-probabilities is right more often (Hansen and Salamon 1990); it costs the time of all of them.

    Args:
        run: folder of a finished run of two seeds or more.
        out: the new run folder; `serenade evaluate`, `report`, `export` and `predict` take it as any other.
        members: how many seeds make one model, so that a run of six gives three models of two a fold; all of
            them if None.
        store: the run's own, if it has been moved.
        report: called with (models done, models in all).

    Returns:
        The new run folder.

    Raises:
        RecipeError: the run has one seed, or its seeds cannot be dealt out by `members`.
        StoreError, ModelError: it is not finished, or its store is not there.
        SplitError: this is not the store that it was trained on.
        OutputError: `out` holds another run, or cannot be written to.
    """
    run, out = Path(run), Path(out)
    recipe = read_recipe(run)
    seeds = recipe.training.seeds
    if len(seeds) < 2:
        raise RecipeError(f"{run} was trained with one seed, and a committee has two members at least")
    size = len(seeds) if members is None else members
    if size < 2 or len(seeds) % size:
        raise RecipeError(
            f"the {len(seeds)} seeds of {run} cannot be dealt out by {size}; take a divisor of 2 or more"
        )
    known = Store.open(own_store(run) if store is None else store)
    together = _of_committees(recipe, size)
    folders = {(part.fold, part.seed): part.folder for part in parts_of(recipe, known, run)}
    parts = parts_of(together, known, out)
    busy = OutputError("another serenade is at work here; wait for its end", file=out)
    lines = []
    with lock(make_folder(out) / LOCK, busy=busy):
        claim_folder(out, together, known, resume=True)
        for number, part in enumerate(parts):
            if report is not None:
                report(number, len(parts))
            first = seeds.index(part.seed)
            members_of_it = [folders[part.fold, seed] for seed in seeds[first : first + size]]
            lines.append([_combined(together, known, part, members_of_it)])
        write_json(out / SUMMARY, summary_of(together, known, parts, lines))
    return out


def _of_committees(recipe: Recipe, size: int) -> Recipe:
    """The recipe whose network is a committee; the first seed of each stands for all of its members."""
    member = {"name": recipe.network.name, "options": recipe.network.options}
    seeds = recipe.training.seeds
    return replace(
        recipe,
        name=f"{recipe.name}_combined" + (f"_{size}" if size < len(seeds) else ""),
        about=f"{recipe.about}; {size} seeds, trained apart, answer together",
        network=NetworkChoice(name="committee", options={"members": [member] * size}),
        training=replace(recipe.training, seeds=seeds[::size]),
    )


def _combined(recipe: Recipe, store: Store, part: Part, members: list[Path]) -> EpochLog:
    """Write one fold's committee; its figures on dev, and the time of all members."""
    split = checked_split(recipe, store, part.fold)
    loaded = [load_network(folder) for folder in members]
    if any(spec.split.get("hash") != split.hash for _, spec in loaded):
        raise SplitError(f"{members[0]} was trained under another split than this store gives: {store.path}")
    labels = loaded[0][1].labels
    inputs = inputs_of(recipe, store, split)
    network = Committee(n_classes=len(labels), **inputs.sizes, **recipe.network.options)
    for mine, (theirs, _) in zip(network.networks, loaded, strict=True):
        mine.load_state_dict(theirs.state_dict())
    network.eval()
    inputs.takes = network.takes
    fabric = Fabric(accelerator="cpu", devices=1)
    dev = batches_of(recipe, store, split, "dev", labels, inputs, fabric)
    logs = [read_log(folder) for folder in members]
    line = {
        "epoch": max(log[-1]["epoch"] for log in logs),
        **dev_figures(network, dev, labels, fabric),
        "seconds": sum(line["seconds"] for log in logs for line in log),
    }
    if not (part.folder / "model" / CARD).exists():
        shares = store.index.loc[split.parts == "train", "emotion"].value_counts(normalize=True)
        prior = shares.reindex(labels).fillna(0).to_numpy("float32")
        write_split(store, split, part.folder / "split.csv")
        with write_whole(part.folder / "recipe.toml") as file:
            file.write(recipe.to_toml())
        write_model(recipe, store, split, network, dev, prior, labels, [line], part.folder / "model")
    return line
