"""The final model of a run: trained on all speakers, after a cross-validation has measured the recipe."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from serenade.folders import RunFolder, RunSummary
from serenade.training.fold_run import FoldRun
from serenade.training.recipe import Recipe


def final_fold_run(recipe: Recipe, run: RunFolder, *, number: int) -> FoldRun:
    """The final model as a fold run: no test part, the first seed, in the folder `final`."""
    return FoldRun(
        fold=None,
        seed=recipe.training.seeds[0],
        folder=run.final,
        final=True,
        number=number,
        count=number,
    )


def final_recipe(recipe: Recipe, summary: RunSummary) -> Recipe:
    """The recipe of the final model: a fixed number of epochs, so that dev serves for calibration alone.

    Where the fold runs kept their best epoch, it is the median of those epochs.

    Args:
        recipe: of the cross-validation.
        summary: of the cross-validation.
    """
    training = replace(
        recipe.training, checkpoint="last", early_stopping_patience=0, seeds=recipe.training.seeds[:1]
    )
    if recipe.training.checkpoint == "best":
        kept = [fold_run.kept_epoch for fold_run in summary.fold_runs]
        training = replace(training, epochs=max(1, round(median(kept))))
    return replace(recipe, training=training)
