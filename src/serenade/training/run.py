"""Recipe + store → run folder: every fold and seed, and on request a final model on all speakers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from serenade.errors import OutputError, RecipeError, StoreError
from serenade.features.encoder_statistics import encoder_statistics
from serenade.features.store import Store
from serenade.files import LOCK, lock, make_folder, protect_inputs
from serenade.folders import EpochLog, FoldRunRecord, RunFolder, RunSummary
from serenade.networks import create_network
from serenade.networks.architectures.encoder import EncoderNetwork
from serenade.training.adaptation import out_of_fold_adaptation
from serenade.training.devices import require_device
from serenade.training.epochs import kept_epoch
from serenade.training.final_model import final_fold_run, final_recipe
from serenade.training.fold_run import FoldRun, OnEpoch, fold_runs_of, split_of, train_fold_run
from serenade.training.processes import started_processes
from serenade.training.recipe import Recipe, load_recipe
from serenade.training.start import start_run, store_record
from serenade.training.store_check import check_store


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished training run. Where a path is accepted, a `Run` is too.

    Attributes:
        folder: the run folder.
        recipe: what was trained.
        figures: mean over the fold runs of the dev figures of their kept epochs, such as `dev_uar`. The epoch
            was chosen by them, so they are not test results: for those see `serenade.evaluate`.
        fold_runs: one entry for each fold and seed.
        has_final_model: whether a final model was trained on all speakers.
        warnings: what makes the result useless, such as a network that predicts one class only.

    >>> run = train("recipe.toml", store="store", out="run", resume=True)
    >>> run.recipe.name, len(run.fold_runs), run.has_final_model
    ('tiny', 1, False)
    """

    folder: Path
    recipe: Recipe
    figures: dict[str, float]
    fold_runs: tuple[FoldRunRecord, ...]
    has_final_model: bool = False
    warnings: tuple[str, ...] = ()

    def __fspath__(self) -> str:
        return str(self.folder)

    def to_dict(self) -> dict[str, Any]:
        """Folder, name and hash of the recipe, and figures, for JSON."""
        return {
            "folder": str(self.folder),
            "recipe": {"name": self.recipe.name, "hash": self.recipe.hash},
            "figures": self.figures,
            "fold_runs": [vars(entry) for entry in self.fold_runs],
            "has_final_model": self.has_final_model,
            "warnings": list(self.warnings),
        }


def train(
    recipe: Recipe | str | Path,
    *,
    store: Store | str | Path | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    refit: bool = False,
    device: str = "auto",
    devices: int = 1,
    on_epoch: OnEpoch | None = None,
    on_clips: Callable[[int, int], None] | None = None,
) -> Run:
    """Train every fold and seed of a recipe on a store.

    PyTorch's worker threads busy-wait by default, which makes training many times slower on shared cores. The
    command `serenade train` sets `OMP_WAIT_POLICY=passive`; in Python, set it before PyTorch is imported.

    Args:
        recipe: a `Recipe`, a TOML file, or the folder of a run, which is then continued.
        store: made by `serenade.prepare`; for the folder of a run, that run's own store if None.
        out: the run folder, `runs/NAME` after the recipe's name if None. It must be new or empty, unless
            `resume`, or unless an earlier run in it was interrupted before its first epoch.
        resume: finish what is unfinished in `out`, with the same recipe and store.
        refit: also train a final model on all speakers, test speakers included. It stands for the run in
            `serenade predict` and `serenade export`; how good it is, is estimated by the cross-validation.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
        devices: processes (on CPU) or GPUs that share each step (DDP). Where torchrun or srun started the
            processes, these share each step.
        on_epoch: called after every epoch with the `FoldRun` and its figures.
        on_clips: called with the clips done and their total while a pretrained speech encoder runs over the
            store, which it does once (network `encoder`).

    Raises:
        DeviceError: there is no such device, or there are fewer of them.
        SplitError: the split leaks, or does not fit the corpus.
        OutputError: `out` holds something else, another process trains in it, or it cannot be written to.
        RecipeError: a value that the network does not take.
        StoreError: no store, a damaged one, or one that does not fit the recipe.
        RunError: the run in `out` is damaged.

    >>> from serenade import prepare, read_corpus, train
    >>> store = prepare(read_corpus("corpus"), "store")
    >>> run = train("recipe.toml", store=store, out="new_run")
    >>> 0 <= run.figures["dev_uar"] <= 1
    True
    """
    require_device(device)
    if not isinstance(recipe, Recipe):
        path = Path(recipe)
        if RunFolder(path).is_run():
            store = RunFolder(path).read_record().store.path if store is None else store
            out, resume = path if out is None else out, resume or out is None
        recipe = load_recipe(path)
    if store is None:
        raise StoreError("name the store to train on (--store STORE), made by serenade prepare")
    store = store if isinstance(store, Store) else Store.open(store)
    check_store(recipe, store)
    if started_processes() is not None and recipe.network.name == "encoder":
        raise RecipeError("the network encoder is trained in closed form, in one process; leave out torchrun")
    run = RunFolder(Path("runs") / recipe.name if out is None else Path(out))
    protect_inputs([run.path], [store.path])
    fold_runs = fold_runs_of(recipe, store, run)
    if refit:
        fold_runs = [replace(fold_run, count=len(fold_runs) + 1) for fold_run in fold_runs]
    splits = [split_of(recipe, store, fold_run) for fold_run in fold_runs]
    busy = OutputError(
        "another serenade train is writing here; wait until it ends, or choose another --out", file=run.path
    )
    started = started_processes()
    # Of several processes, the first one writes.
    is_first = started is None or started.rank == 0
    with lock(make_folder(run.path) / LOCK, busy=busy) if is_first else nullcontext():
        if is_first:
            start_run(run, recipe, store, resume=resume)
        if recipe.network.name == "encoder":
            network = create_network("encoder", n_classes=1, **recipe.network.options)
            assert isinstance(network, EncoderNetwork)
            encoder_statistics(store, network.encoder, progress=on_clips)
        for fold_run, split in zip(fold_runs, splits, strict=True):
            if not fold_run.folder.model.is_complete:
                train_fold_run(
                    recipe, store, split, fold_run, device=device, devices=devices, on_epoch=on_epoch
                )
        logs = [fold_run.folder.read_log() for fold_run in fold_runs]
        summary = summary_of(recipe, store, fold_runs, logs)
        if is_first:
            run.write_summary(summary)
        if refit and not run.final.model.is_complete:
            last = final_fold_run(recipe, run, number=len(fold_runs) + 1)
            train_fold_run(
                final_recipe(recipe, summary),
                store,
                split_of(recipe, store, last),
                last,
                device=device,
                devices=devices,
                on_epoch=on_epoch,
                adaptation=out_of_fold_adaptation(
                    store, [each.folder for each in fold_runs if each.seed == fold_runs[0].seed]
                ),
            )
    return run_of(run, recipe, summary)


def run_of(run: RunFolder, recipe: Recipe, summary: RunSummary) -> Run:
    """What a run folder holds, with the mean of its fold runs' dev figures."""
    rows = [fold_run.figures for fold_run in summary.fold_runs]
    return Run(
        folder=run.path,
        recipe=recipe,
        figures={name: sum(row[name] for row in rows) / len(rows) for name in rows[0]},
        fold_runs=summary.fold_runs,
        has_final_model=run.final.model.is_complete,
        warnings=warnings_of(summary, recipe),
    )


def warnings_of(summary: RunSummary, recipe: Recipe) -> tuple[str, ...]:
    """One sentence for each thing that makes a result useless, and what to do.

    Args:
        summary: of the run.
        recipe: of the run.
    """
    names = [
        fold_run.folder
        for fold_run in summary.fold_runs
        if fold_run.figures.get("dev_classes_predicted", 2) < 2
    ]
    if not names:
        return ()
    which = (
        f"{len(names)} of {len(summary.fold_runs)} models predict" if names != ["."] else "the model predicts"
    )
    advice = [f"train longer (--set training.epochs={3 * recipe.training.epochs})"]
    if recipe.training.sampler != "balanced":
        advice.append("draw all classes equally often (--set training.sampler=balanced)")
    advice.append("lower training.learning_rate")
    remedies = f"{', '.join(advice[:-1])} or {advice[-1]}"
    return (f"{which} the same class for every dev clip, so nothing useful was learned: {remedies}",)


def summary_of(
    recipe: Recipe, store: Store, fold_runs: Sequence[FoldRun], logs: Sequence[Sequence[EpochLog]]
) -> RunSummary:
    """What was trained, with the dev figures of the kept epochs.

    Args:
        recipe: of the run.
        store: its store.
        fold_runs: its folds and seeds.
        logs: figures of every epoch of each.
    """
    entries = []
    for fold_run, log in zip(fold_runs, logs, strict=True):
        kept = kept_epoch(log, recipe)
        entries.append(
            FoldRunRecord(
                fold=fold_run.fold,
                seed=fold_run.seed,
                folder=fold_run.folder.path.name if len(fold_runs) > 1 else ".",
                epochs=int(log[-1]["epoch"]),
                kept_epoch=int(kept["epoch"]),
                figures={name: value for name, value in kept.items() if name.startswith("dev_")},
                seconds=round(sum(line["seconds"] for line in log), 1),
            )
        )
    return RunSummary(
        name=recipe.name,
        recipe=recipe.hash,
        store=store_record(store),
        split=recipe.data.split,
        fold_runs=tuple(entries),
    )
