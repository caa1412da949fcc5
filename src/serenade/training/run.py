"""Recipe + store → run folder: every fold and seed, each with its split, log, curves, weights and model."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException

from serenade.corpora.splits import Split, check_split, folds_of, make_split, of_corpus
from serenade.errors import OutputError, RecipeError, SplitError
from serenade.features.store import Store
from serenade.files import LOCK, lock, make_folder, output_error, write_json, write_whole
from serenade.labels import in_order
from serenade.networks import create_network
from serenade.networks.weights import WEIGHTS
from serenade.training.checkpoint import LAST
from serenade.training.curves import write_curves
from serenade.training.data.assemble import batches_of, inputs_of, questions_of, usable_rows
from serenade.training.devices import Tell, launch
from serenade.training.loop import EpochLog, fit, kept_line
from serenade.training.model_card import CARD
from serenade.training.precision import fabric_precision
from serenade.training.publish import write_model
from serenade.training.recipe import Recipe
from serenade.version import __version__

SUMMARY = "summary.json"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One fold and seed of a run.

    Attributes:
        fold: from 1; None where the split has none.
        seed: of the training.
        folder: its run folder.
    """

    fold: int | None
    seed: int
    folder: Path


Report = Callable[[Part, EpochLog], None]


def parts_of(recipe: Recipe, store: Store, out: Path) -> list[Part]:
    """The folds and seeds of a run; a single one lives in `out` itself."""
    n_folds = folds_of(recipe.data.split, of_corpus(store.index, recipe.data.corpus))
    folds: list[int | None] = [recipe.data.fold or None] if n_folds == 1 or recipe.data.fold else []
    folds = folds or list(range(1, n_folds + 1))
    pairs = [(fold, seed) for seed in recipe.training.seeds for fold in folds]
    if len(pairs) == 1:
        return [Part(fold=pairs[0][0], seed=pairs[0][1], folder=out)]
    return [Part(fold=fold, seed=seed, folder=out / f"fold{fold or 1}-seed{seed}") for fold, seed in pairs]


def train(
    recipe: Recipe,
    store: Store | str | Path,
    out: str | Path,
    *,
    resume: bool = False,
    devices: int = 1,
    report: Report | None = None,
) -> Path:
    """Train what a recipe says on a store.

    Args:
        recipe: every choice; see `serenade.training.recipe.read_recipe`.
        store: made by `serenade.prepare`.
        out: the run folder; must be empty or new unless `resume` (or what was begun there broke off before
            its first epoch was done).
        resume: finish what is unfinished in `out`, with the same recipe and store.
        devices: processes (on CPU) or GPUs that share each step (DDP).
        report: called after every epoch.

    Returns:
        The run folder.

    Raises:
        SplitError: the split leaks, or does not fit the corpus.
        OutputError: `out` holds something already, another process trains in it, or it cannot be written to.
        RecipeError: a value that the network cannot take, or another recipe in `out`.
    """
    store = store if isinstance(store, Store) else Store.open(store)
    out = Path(out)
    parts = parts_of(recipe, store, out)
    splits = [checked_split(recipe, store, part.fold) for part in parts]
    busy = OutputError(
        "another serenade train is at work here; wait for its end, or choose another --out", file=out
    )
    with lock(make_folder(out) / LOCK, busy=busy):
        claim_folder(out, recipe, store, resume=resume)
        for part, split in zip(parts, splits, strict=True):
            if not (part.folder / "model" / CARD).exists():
                _train_part(recipe, store, split, part, devices=devices, report=report)
        lines = [read_log(part.folder) for part in parts]
        write_json(out / SUMMARY, summary_of(recipe, store, parts, lines))
    return out


def checked_split(recipe: Recipe, store: Store, fold: int | None) -> Split:
    """The split of a fold, which does not leak and has something for dev.

    Raises:
        SplitError: it does, or has nothing.
    """
    data = recipe.data
    split = make_split(
        store.index,
        data.split,
        fold=fold,
        seed=data.split_seed,
        dev_share=data.dev_share,
        corpus=data.corpus,
    )
    check_split(store.index, split)
    if not (usable_rows(recipe, store) & (split.parts == "dev")).any():
        raise SplitError(f"the split {split.name!r} leaves no clips for dev; training chooses on them")
    return split


def claim_folder(out: Path, recipe: Recipe, store: Store, *, resume: bool) -> None:
    """Make the run folder ours, or say why not."""
    marks = {"recipe": recipe.hash, "store": store.hash}
    claim = out / "run.json"
    try:
        earlier: dict[str, str] = json.loads(claim.read_text()) if claim.exists() else {}
        occupied = not earlier and any(file.name != LOCK and file.suffix != ".part" for file in out.iterdir())
    except (OSError, ValueError) as cause:
        raise output_error(claim, OSError(str(cause))) from cause
    if occupied:
        raise OutputError("is not empty and holds no run; choose another --out", file=out)
    # A run that broke off before its first epoch was done binds nobody: its recipe may be corrected.
    begun = any(any(out.rglob(name)) for name in (LAST, WEIGHTS))
    if begun and not resume:
        raise OutputError("holds a run already; continue it with --resume, or choose another --out", file=out)
    if begun and any(earlier.get(key) != value for key, value in marks.items()):
        changed = " and ".join(key for key, value in marks.items() if earlier.get(key) != value)
        raise OutputError(f"holds a run with another {changed}; choose another --out", file=out)
    if not begun:
        for folder in out.glob("fold*-seed*"):
            shutil.rmtree(folder)
    for left_by_a_kill in out.rglob(".*.part"):
        left_by_a_kill.unlink(missing_ok=True)
    write_json(claim, {**marks, "serenade_version": __version__, "torch_version": torch.__version__})
    with write_whole(out / "recipe.toml") as file:
        file.write(recipe.to_toml())


def _train_part(
    recipe: Recipe, store: Store, split: Split, part: Part, *, devices: int, report: Report | None
) -> None:
    # What arithmetic it takes stands in the recipe; said again at every fold it only breaks the progress.
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
    try:
        fabric = Fabric(
            accelerator="auto",
            devices=devices,
            strategy="ddp_spawn" if devices > 1 else "auto",
            precision=fabric_precision(recipe.training.precision),
        )
    except MisconfigurationException as cause:
        raise RecipeError(f"--devices {devices} cannot be had here: {cause}") from cause
    work = partial(_train_on, recipe=recipe, store_path=store.path, split=split, part=part)
    launch(fabric, work, lambda line: report(part, line) if report is not None else None)


def _train_on(
    fabric: Fabric, tell: Tell, *, recipe: Recipe, store_path: Path, split: Split, part: Part
) -> None:
    """Train one part; runs in every process of a distributed run, and writes in the first."""
    store = Store.open(store_path)
    labels = in_order(store.index.loc[(split.parts == "train") & usable_rows(recipe, store), "emotion"])
    inputs = inputs_of(recipe, store, split)
    torch.manual_seed(part.seed)
    network = create_network(
        recipe.network.name, n_classes=len(labels), **inputs.sizes, **recipe.network.options
    )
    inputs.takes = network.takes
    train, dev = (batches_of(recipe, store, split, name, labels, inputs, fabric) for name in ("train", "dev"))
    lines: list[EpochLog] = []

    def on_epoch(line: EpochLog) -> None:
        lines.append(line)
        if not fabric.is_global_zero:
            return
        with write_whole(part.folder / "log.jsonl") as out:
            out.writelines(json.dumps(entry) + "\n" for entry in lines)
        tell(line)

    if fabric.is_global_zero:
        write_split(store, split, part.folder / "split.csv")
    network = fit(
        recipe,
        network,
        train,
        dev,
        labels,
        seed=part.seed,
        folder=part.folder / "checkpoint",
        fabric=fabric,
        report=on_epoch,
        questions=questions_of(recipe, store, split),
    )
    if fabric.is_global_zero:
        write_curves(lines, part.folder, score=recipe.training.score)
        with write_whole(part.folder / "recipe.toml") as out:
            out.write(recipe.to_toml())
        prior, folder = train.targets.mean(0), part.folder / "model"
        write_model(recipe, store, split, network, dev, prior, labels, lines, folder)
    fabric.barrier()


def read_log(folder: Path) -> list[EpochLog]:
    """Figures of every epoch of one fold and seed."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def write_split(store: Store, split: Split, file: Path) -> None:
    """Who was where: `file, source, speaker, emotion`, `dialogue` if there are any, `part, dropped`."""
    told = ["file", "source", "speaker", "emotion"] + ["dialogue"] * ("dialogue" in store.index)
    table = store.index[told].copy()
    table["part"] = split.parts
    table["dropped"] = split.dropped.reindex(table.index).fillna("")
    with write_whole(file) as out:
        table.to_csv(out, index=False, lineterminator="\n")


def summary_of(
    recipe: Recipe, store: Store, parts: list[Part], lines: list[list[EpochLog]]
) -> dict[str, Any]:
    """What was trained, with the dev figures of the kept epochs.

    Args:
        recipe: of the run.
        store: its store.
        parts: its folds and seeds.
        lines: figures of every epoch of each part.
    """
    rows = []
    for part, log in zip(parts, lines, strict=True):
        kept = kept_line(log, recipe)
        rows.append(
            {
                "fold": part.fold,
                "seed": part.seed,
                "folder": part.folder.name if len(parts) > 1 else ".",
                "epochs": log[-1]["epoch"],
                "kept_epoch": kept["epoch"],
                "dev_uar": kept["dev_uar"],
                recipe.training.monitor: kept[recipe.training.monitor],
                "seconds": round(sum(line["seconds"] for line in log), 1),
            }
        )
    return {
        "name": recipe.name,
        "recipe": recipe.hash,
        "store": {"path": str(store.path.resolve()), "hash": store.hash, "front_end": store.front_end.hash},
        "split": recipe.data.split,
        "parts": rows,
    }
