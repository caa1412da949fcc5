"""The start of a run: an empty folder is claimed, an unfinished run is resumed, anything else is refused."""

from __future__ import annotations

import shutil

import torch

from serenade.errors import OutputError
from serenade.features.store import Store
from serenade.folders import RunFolder, RunRecord, StoreRecord
from serenade.training.recipe import Recipe
from serenade.version import __version__


def start_run(run: RunFolder, recipe: Recipe, store: Store, *, resume: bool) -> None:
    """Write `run.json` and `recipe.toml`, if the folder is free or holds this very run.

    A run that was interrupted before its first epoch can be restarted with another recipe.

    Args:
        run: its folder exists and is locked by the caller.
        recipe: every choice.
        store: what is trained on.
        resume: continue what is unfinished.

    Raises:
        OutputError: the folder holds other files, or a run of another recipe or store.
        RunError: it holds a damaged run.
    """
    record = RunRecord(
        recipe=recipe.hash,
        store=store_record(store),
        serenade_version=__version__,
        torch_version=torch.__version__,
    )
    if not run.record.exists() and not run.is_empty():
        raise OutputError("is not empty and holds no run; choose another --out", file=run.path)
    if run.has_progress():
        if not resume:
            raise OutputError(
                "holds a run already; continue it with --resume, or choose another --out", file=run.path
            )
        earlier = run.read_record()
        changed = [
            name
            for name, before, now in (
                ("recipe", earlier.recipe, record.recipe),
                ("store", earlier.store.hash, record.store.hash),
            )
            if before != now
        ]
        if changed:
            raise OutputError(
                f"holds a run with another {' and '.join(changed)}; choose another --out", file=run.path
            )
    else:
        for unfinished in (*run.fold_runs(), run.final):
            if unfinished != run and unfinished.path.exists():
                shutil.rmtree(unfinished.path)
    run.remove_temporary_files()
    run.write_record(record)
    run.write_recipe(recipe.to_toml())


def store_record(store: Store) -> StoreRecord:
    """How a run names its store."""
    return StoreRecord(path=str(store.path.resolve()), hash=store.hash, front_end=store.front_end.hash)
