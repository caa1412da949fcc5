"""The training of the published CREMA-D script, as far as it has come, into docs/results.md.

    serenade train recipes/cremad_custom2_tfds.toml --store STORE --out runs/cremad_custom2_tfds --resume
    python benchmarks/published_training.py RUN... [--write]

Every figure is read from the log of the run, which has one line per finished epoch. The best epoch is
chosen on dev, so its scores are slightly too high.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from accuracy import table_of_runs

from serenade.folders import EpochLog, RunFolder
from serenade.training.epochs import best_epoch, stops_early
from serenade.training.recipe import Recipe, load_recipe

BEGIN, END = (
    "<!-- published training: written by benchmarks/published_training.py -->",
    "<!-- end of published training -->",
)


def row_of(path: Path) -> dict[str, str]:
    """The scores of the best epoch so far, and how the training ended."""
    run = RunFolder(path)
    recipe, log = load_recipe(run.recipe), run.read_log()
    best = log[best_epoch(log, recipe.training.monitor) - 1]
    return {
        "run": f"`{run.path.name}`",
        "network": f"`{recipe.network.name}`",
        "epochs": f"{len(log)} of {recipe.training.epochs}",
        "state": state_of(log, recipe),
        "best epoch": f"{best['epoch']:.0f}",
        "dev accuracy %": f"{100 * best['dev_accuracy']:.1f}",
        "dev UAR %": f"{100 * best['dev_uar']:.1f}",
        "dev macro F1 %": f"{100 * best['dev_macro_f1']:.1f}",
        "training loss, first and last": f"{log[0]['train_loss']:.2f}, {log[-1]['train_loss']:.2f}",
        "hours": f"{sum(line['seconds'] for line in log) / 3600:.1f}",
    }


def state_of(log: Sequence[EpochLog], recipe: Recipe) -> str:
    """Whether all epochs were trained, the training stopped early, or it is not finished."""
    if len(log) == recipe.training.epochs:
        return "all epochs"
    return "stopped early" if stops_early(log, recipe) else "not finished"


if __name__ == "__main__":
    table_of_runs(__doc__, row_of, script="published_training.py", begin=BEGIN, end=END)
