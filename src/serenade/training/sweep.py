"""Sweeps: the combinations of a grid are trained, and one is chosen by the dev parts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serenade.errors import ModelError, RecipeError, SplitError
from serenade.evaluation.evaluate import evaluate_predictions
from serenade.evaluation.figures.style import PAPER, save_png
from serenade.evaluation.figures.sweep_scores import sweep_scores
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.metric import METRICS
from serenade.evaluation.report.tables import TextTable
from serenade.features.store import Store
from serenade.files import write_json, write_whole
from serenade.folders import RunFolder
from serenade.spec import Spec
from serenade.training.evaluate import evaluate
from serenade.training.fold_run import OnEpoch
from serenade.training.grid import parse_grid
from serenade.training.recipe import load_recipe
from serenade.training.run import Run, train


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One combination of a grid, trained.

    Attributes:
        changes: the changes of the recipe, each `section.key=value`.
        run: its run folder.
        value: mean dev score over the fold runs.
        std: standard deviation over folds (or seeds, for one fold); None for a single fold run.
        folds: dev score of each fold, the mean of its seeds.
    """

    changes: tuple[str, ...]
    run: Path
    value: float
    std: float | None
    folds: dict[int | None, float]

    @property
    def name(self) -> str:
        """The changes without the sections of their keys."""
        return ", ".join(
            change.partition("=")[0].rpartition(".")[2] + "=" + change.partition("=")[2]
            for change in self.changes
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        folds = {str(fold or ""): value for fold, value in self.folds.items()}
        return {**vars(self), "changes": list(self.changes), "run": str(self.run), "folds": folds}


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A finished sweep.

    Attributes:
        folder: where its runs, `sweep.csv`, `sweep.json` and `sweep.png` are.
        metric: name of the metric of the dev scores.
        trials: in the order of the grid.
        nested: scores on test of the trial that each fold's own dev part chose; None without `nested`.
        chosen: the trial that each fold chose, by fold; {} unless nested.
    """

    folder: Path
    metric: str
    trials: tuple[Trial, ...]
    nested: dict[str, Any] | None
    chosen: dict[int | None, Trial]

    @property
    def best(self) -> Trial:
        """The trial with the highest mean dev score, the first of equal ones."""
        return max(self.trials, key=lambda trial: trial.value)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "metric": self.metric,
            "trials": [trial.to_dict() for trial in self.trials],
            "best": self.best.to_dict(),
            "nested": self.nested,
            "chosen": {str(fold or ""): trial.name for fold, trial in self.chosen.items()},
        }

    def table(self) -> TextTable:
        """Return one row per trial, the best first."""
        title = METRICS[self.metric].title
        ranked = sorted(self.trials, key=lambda trial: -trial.value)
        rows = tuple(
            (
                trial.name,
                f"{100 * trial.value:.1f}" + ("" if trial.std is None else f" ± {100 * trial.std:.1f}"),
                str(sum(chosen == trial for chosen in self.chosen.values())) if self.chosen else "–",
                trial.run.name,
            )
            for trial in ranked
        )
        note = "Mean dev score over fold runs. The best is chosen by it, so its score is too high."
        head = ("setting", f"dev {title} %", "folds", "run")
        if self.chosen:
            note += " Folds: how many folds chose this setting by their own dev part."
        return TextTable(title="Sweep", head=head, rows=rows, note=note)


def sweep(
    recipe: str | Path,
    *,
    store: Store | str | Path,
    grid: Sequence[str],
    out: str | Path,
    changes: Sequence[str] = (),
    nested: bool = False,
    on_trial: Callable[[int, int, str], None] | None = None,
    on_epoch: OnEpoch | None = None,
) -> Sweep:
    """Train the combinations of a grid and choose one by its scores on dev; test is not used.

    A sweep in the same folder continues: what is trained is not trained again, and a larger grid adds runs.

    Args:
        recipe: a TOML file or a run folder.
        store: what is trained on.
        grid: each `section.key=value,value`.
        out: the folder of the sweep.
        changes: changes of the recipe that all combinations have.
        nested: also evaluate on test, in each fold, the combination that the dev part of this fold chose. Dev
            speakers of one fold are test speakers of another, so the test score of the setting that all folds
            together chose would be too high; the nested score is not.
        on_trial: called with the number of a trial, of all, and its name.
        on_epoch: called after every epoch.

    Raises:
        RecipeError: the grid has another form, or a value that a recipe cannot have.
        StoreError: as `serenade.train`.

    >>> found = sweep("recipe.toml", store="store", grid=["training.epochs=1,2"], out="sweep")
    >>> [trial.name for trial in found.trials], found.best in found.trials
    (['epochs=1', 'epochs=2'], True)
    """
    folder = Path(out)
    combinations = parse_grid(grid)
    fixed = {change.partition("=")[0].strip() for change in changes}
    if both := [key for key in (each.partition("=")[0] for each in combinations[0]) if key in fixed]:
        raise RecipeError(f"{both[0]} is in --grid and in --set; name it once")
    recipes = [load_recipe(recipe, changes=[*changes, *combination]) for combination in combinations]
    metric = recipes[0].training.score
    if len({each.training.score for each in recipes}) > 1:
        raise RecipeError("the grid changes training.monitor, so the scores cannot be compared")
    opened = store if isinstance(store, Store) else Store.open(store)
    trials = []
    for number, (combination, changed) in enumerate(zip(combinations, recipes, strict=True), 1):
        if on_trial is not None:
            on_trial(number, len(recipes), ", ".join(combination))
        place = folder / changed.hash[:12]
        is_new = not place.exists()
        try:
            run = train(changed, store=opened, out=place, resume=True, on_epoch=on_epoch)
        except (ModelError, RecipeError, SplitError) as error:
            if is_new and not RunFolder(place).has_progress():
                shutil.rmtree(place, ignore_errors=True)
            what = f"with {', '.join(combination)}: {error.message}"
            raise type(error)(what, file=error.file or recipe) from error
        trials.append(_trial(combination, run, metric))
    chosen = _chosen_by_fold(trials) if nested else {}
    scores = _nested_scores(chosen, folder) if nested else None
    result = Sweep(folder=folder, metric=metric, trials=tuple(trials), nested=scores, chosen=chosen)
    _write(result)
    return result


def _trial(changes: tuple[str, ...], run: Run, metric: str) -> Trial:
    by_fold: dict[int | None, list[float]] = {}
    for entry in run.fold_runs:
        by_fold.setdefault(entry.fold, []).append(entry.figures[f"dev_{metric}"])
    folds = {fold: float(np.mean(values)) for fold, values in by_fold.items()}
    spread = list(folds.values()) if len(folds) > 1 else next(iter(by_fold.values()))
    return Trial(
        changes=changes,
        run=run.folder,
        value=float(np.mean(list(folds.values()))),
        std=float(np.std(spread, ddof=1)) if len(spread) > 1 else None,
        folds=folds,
    )


def _chosen_by_fold(trials: Sequence[Trial]) -> dict[int | None, Trial]:
    """The trial with the highest score on the dev part of each fold, the first of equal ones."""
    return {fold: max(trials, key=lambda trial: trial.folds[fold]) for fold in trials[0].folds}


def _nested_scores(chosen: dict[int | None, Trial], folder: Path) -> dict[str, Any]:
    """Evaluate on the test part of each fold the models of the trial that the fold chose."""
    tables: list[pd.DataFrame] = []
    metrics: dict[str, Any] = {}
    for trial in {trial.run: trial for trial in chosen.values()}.values():
        evaluation = EvaluationFolder(RunFolder(trial.run).evaluation)
        if not evaluation.metrics.is_file():
            evaluate(trial.run, audio=False)
        metrics, predictions = evaluation.read()
        folds = [fold for fold, best in chosen.items() if best == trial]
        tables.append(predictions[predictions["fold"].isin(folds)] if "fold" in predictions else predictions)
    result = evaluate_predictions(
        pd.concat(tables, ignore_index=True),
        labels=metrics["labels"],
        out=folder / "evaluation",
        spec=Spec.from_dict(metrics["model"]),
        part="test",
        audio=False,
    )
    return dict(result["mean"])


def _write(result: Sweep) -> None:
    write_json(result.folder / "sweep.json", result.to_dict())
    keys = [change.partition("=")[0] for change in result.trials[0].changes]
    rows = [
        {
            **dict(zip(keys, (change.partition("=")[2] for change in trial.changes), strict=True)),
            f"dev_{result.metric}": trial.value,
            "std": trial.std,
            "run": trial.run.name,
        }
        for trial in result.trials
    ]
    with write_whole(result.folder / "sweep.csv") as out:
        pd.DataFrame(rows).to_csv(out, index=False, lineterminator="\n")
    figure = sweep_scores(
        [(trial.name, trial.value, list(trial.folds.values())) for trial in result.trials],
        theme=PAPER,
        title=f"{METRICS[result.metric].title} on dev",
    )
    save_png(figure, result.folder / "sweep.png")
