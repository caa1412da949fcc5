"""The accuracy of finished runs as one table: in docs/results.md, and in the README between its marks.

    python benchmarks/accuracy.py RUN... [--write]

Evaluate each RUN first (`serenade evaluate RUN`). Every figure is read from the files of the run and of its
evaluation. If there is no evaluation of the test part, that of the dev part is used (`--part dev`).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.metric import METRICS
from serenade.files import write_whole
from serenade.folders import RunFolder
from serenade.training.recipe import Recipe, load_recipe

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- accuracy: written by benchmarks/accuracy.py -->", "<!-- end of accuracy -->"
IN_README = (
    "corpus",
    "split",
    "recipe",
    "models",
    "evaluated on",
    "mean UAR %",
    "mean weighted F1 %",
    "listeners",
)
"""Columns of the README's table; docs/results.md has all."""


def row_of(run: RunFolder) -> dict[str, str]:
    """Return the row of a run, by column."""
    folder = EvaluationFolder(run.evaluation)
    if not folder.metrics.is_file():
        folder = EvaluationFolder(run.evaluation / "dev")
    metrics, _ = folder.read()
    recipe, fold_runs = load_recipe(run.path), run.read_summary().fold_runs
    mean, listeners = metrics["mean"], metrics["listeners"]
    pooled = METRICS[metrics["headline"]]
    return {
        "corpus": ", ".join(metrics["corpora"]),
        "recipe": f"`{recipe.name}`" + _distilled(recipe),
        "split": f"`{recipe.data.split}`" + _remark(recipe),
        "network": f"`{recipe.network.name}`",
        "models": f"{_counted(mean['folds'], 'fold')}, {_counted(mean['seeds'], 'seed')}",
        "epochs": f"{max(each.epochs for each in fold_runs):.0f} of {recipe.training.epochs}",
        "evaluated on": f"{metrics['part']}, {metrics['counts']['scored']:,} clips",
        **{f"mean {METRICS[name].title} %": _mean(mean[name]) for name in METRICS},
        "pooled": f"{pooled.title} {100 * metrics['pooled'][pooled.name]:.1f}" if mean["over"] else "",
        "listeners": f"accuracy {listeners['accuracy']:.1%}" if listeners else "",
        "minutes per model": f"{sum(each.seconds for each in fold_runs) / 60 / len(fold_runs):.1f}",
    }


def table(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> str:
    """Return some columns of the rows as a Markdown table."""
    lines = [columns, ["---"] * len(columns), *([row[name] for name in columns] for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def replace_block(page: Path, begin: str, end: str, text: str) -> None:
    """Replace what a page has between two marks."""
    content = page.read_text(encoding="utf-8")
    before, after = content.split(begin)[0], content.split(end)[1]
    with write_whole(page) as out:
        out.write(f"{before}{begin}\n{text}{end}{after}")


def _distilled(recipe: Recipe) -> str:
    """Which run the network is distilled from, if any."""
    run = recipe.data.distill_from
    return f", distilled from `{Path(run).name}`" if run else ""


def _remark(recipe: Recipe) -> str:
    """What must be known about the split."""
    if "leaky" in recipe.data.split:
        return " **leaks on purpose**"
    return ", other corpora in train" if recipe.data.split_corpus else ""


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" + ("s" if count > 1 else "")


def _mean(value: Mapping[str, Any]) -> str:
    """The mean ± standard deviation over folds or seeds, or the score of a single model with its interval."""
    text = f"{100 * value['value']:.1f}"
    if value["std"] is not None:
        return f"{text} ± {100 * value['std']:.1f}"
    return text if value["low"] is None else f"{text} ({100 * value['low']:.1f}–{100 * value['high']:.1f})"


def main() -> None:
    """Print the table, or write it into docs/results.md and README.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--write", action="store_true", help="write docs/results.md and README.md")
    options = parser.parse_args()
    rows = [row_of(RunFolder(run)) for run in options.runs]
    if not options.write:
        print(table(rows, list(rows[0])))
        return
    command = "python benchmarks/accuracy.py " + " ".join(f"runs/{run.name}" for run in options.runs)
    text = f"Written by `{command} --write`.\n\n{table(rows, list(rows[0]))}"
    replace_block(ROOT / "docs" / "results.md", BEGIN, END, text)
    replace_block(ROOT / "README.md", BEGIN, END, table(rows, IN_README))


if __name__ == "__main__":
    main()
