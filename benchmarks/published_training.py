"""The training of the published CREMA-D script, as far as it has come, into docs/results.md.

    serenade train recipes/cremad_custom2_tfds.toml --store STORE --out runs/cremad_custom2_tfds --resume
    python benchmarks/published_training.py RUN... [--write]

Every figure is read from the log of the run, which has one line per finished epoch. The best epoch is
chosen on dev, so its scores are slightly too high.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from accuracy import ROOT, replace_block

from serenade.evaluation.report.tables import markdown_records
from serenade.folders import RunFolder
from serenade.training.epochs import best_epoch, stops_early
from serenade.training.recipe import Recipe, load_recipe

PAGE = ROOT / "docs" / "results.md"
BEGIN, END = (
    "<!-- published training: written by benchmarks/published_training.py -->",
    "<!-- end of published training -->",
)


def row_of(run: RunFolder) -> dict[str, str]:
    """The scores of the best epoch so far, and how the training ended."""
    recipe, log = load_recipe(run.recipe), run.read_log()
    best = log[best_epoch(log, recipe.training.monitor) - 1]
    return {
        "run": f"`{run.path.name}`",
        "network": f"`{recipe.network.name}`",
        "epochs": f"{len(log)} of {recipe.training.epochs}",
        "state": state_of(run, recipe),
        "best epoch": f"{best['epoch']:.0f}",
        "dev accuracy %": f"{100 * best['dev_accuracy']:.1f}",
        "dev UAR %": f"{100 * best['dev_uar']:.1f}",
        "dev macro F1 %": f"{100 * best['dev_macro_f1']:.1f}",
        "training loss, first and last": f"{log[0]['train_loss']:.2f}, {log[-1]['train_loss']:.2f}",
        "hours": f"{sum(line['seconds'] for line in log) / 3600:.1f}",
    }


def state_of(run: RunFolder, recipe: Recipe) -> str:
    """Whether all epochs were trained, it stopped early, or it is not finished.

    >>> from serenade.training.recipe import Recipe
    >>> state_of(RunFolder(Path("nothing")), Recipe())
    'not finished'
    """
    log = run.read_log() if run.log.is_file() else []
    if len(log) == recipe.training.epochs:
        return "all epochs"
    return "stopped early" if stops_early(log, recipe) else "not finished"


def main() -> None:
    """Print or write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--write", action="store_true", help="write docs/results.md")
    options = parser.parse_args()
    rows = [row_of(RunFolder(run)) for run in options.runs]
    text = markdown_records(rows, list(rows[0]))
    print(text)
    if options.write:
        command = "python benchmarks/published_training.py " + " ".join(
            f"runs/{run.name}" for run in options.runs
        )
        replace_block(PAGE, BEGIN, END, f"Written by `{command} --write`.\n\n{text}")


if __name__ == "__main__":
    main()
