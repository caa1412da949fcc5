"""The accuracy of finished runs as one table: into docs/results.md, and into the README between its marks.

    python benchmarks/accuracy.py RUN... [--write]

Each RUN is evaluated already (`serenade evaluate RUN`). Nothing is typed in by hand: every figure is read
from the run's `evaluation/metrics.json`, `summary.json` and `recipe.toml`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from serenade.files import write_whole
from serenade.folders import RunFolder
from serenade.training.recipe import Recipe, load_recipe

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- accuracy: written by benchmarks/accuracy.py -->", "<!-- end of accuracy -->"
IN_README = ("corpus", "split", "recipe", "models", "scored on", "UAR %", "weighted F1 %", "listeners")
"""Columns of the README's table; docs/results.md has all."""


def cells(run: Path) -> dict[str, str]:
    """One line of the table, by column; of a run without a test part at hand, its dev part's."""
    folder = RunFolder(run).evaluation
    if not (folder / "metrics.json").is_file():
        folder = folder / "dev"
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    recipe = load_recipe(run)
    fold_runs = RunFolder(run).read_summary().fold_runs
    folds, seeds = {each.fold for each in fold_runs}, {each.seed for each in fold_runs}
    evaluated = {split["evaluated"] for split in metrics["splits"]}
    heard = metrics["listeners"]
    return {
        "corpus": ", ".join(metrics["corpora"]),
        "recipe": f"`{recipe.name}`" + _taught(recipe),
        "split": f"`{recipe.data.split}`" + _remark(recipe),
        "network": f"`{recipe.network.name}`",
        "models": f"{_counted(len(folds), 'fold')}, {_counted(len(seeds), 'seed')}",
        "epochs": f"{max(each.epochs for each in fold_runs)} of {recipe.training.epochs}",
        "scored on": f"{', '.join(sorted(evaluated))}, {metrics['counts']['scored_clips']:,} clips",
        "UAR %": _figure(metrics, "uar"),
        "accuracy %": _figure(metrics, "accuracy"),
        "macro F1 %": _figure(metrics, "macro_f1"),
        "weighted F1 %": _figure(metrics, "weighted_f1"),
        "listeners": f"accuracy {heard['accuracy']:.1%}" if heard else "",
        "minutes each": f"{sum(each.seconds for each in fold_runs) / 60 / len(fold_runs):.1f}",
    }


def table(lines: Sequence[Mapping[str, str]], columns: Sequence[str]) -> str:
    """Some columns of the lines as Markdown."""
    rows = [columns, ["---"] * len(columns), *([line[name] for name in columns] for line in lines)]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def _taught(recipe: Recipe) -> str:
    """Who taught the network, if anybody."""
    return f", taught by `{Path(recipe.data.distill_from).name}`" if recipe.data.distill_from else ""


def _remark(recipe: Recipe) -> str:
    """What a split does beside dealing out the corpus."""
    if "leaky" in recipe.data.split:
        return " **leaks on purpose**"
    return ", other corpora in train" if recipe.data.split_corpus else ""


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" + ("s" if count > 1 else "")


def _figure(metrics: dict[str, Any], name: str) -> str:
    """Mean ± spread over folds where there are several, else the pooled figure with its interval."""
    spread, pooled = metrics["spread"], metrics["pooled"]
    if spread is not None:
        return f"{100 * spread[name]['mean']:.1f} ± {100 * spread[name]['std']:.1f}"
    between = pooled["intervals"].get(name)
    interval = f" ({100 * between['low']:.1f}–{100 * between['high']:.1f})" if between else ""
    return f"{100 * pooled[name]:.1f}{interval}"


def main() -> None:
    """Print the table, or write it where it belongs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--write", action="store_true", help="into docs/results.md and README.md")
    options = parser.parse_args()
    lines = [cells(run) for run in options.runs]
    if not options.write:
        print(table(lines, list(lines[0])))
        return
    command = "python benchmarks/accuracy.py " + " ".join(f"runs/{run.name}" for run in options.runs)
    with write_whole(ROOT / "docs" / "results.md") as out:
        out.write(f"# Results\n\nWritten by `{command} --write`; do not edit.\n\n")
        out.write(table(lines, list(lines[0])) + _NOTES)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    before, after = readme.split(BEGIN)[0], readme.split(END)[1]
    with write_whole(ROOT / "README.md") as out:
        out.write(f"{before}{BEGIN}\n{table(lines, IN_README)}{END}{after}")


_NOTES = """
± is the standard deviation over folds (each the mean of its seeds), or over seeds where there is one fold; a
bracket is the 95 % interval over resampled speakers (dialogues for MELD) of a single model. Every fold's
test speakers were heard by none of its models, but where the split leaks on purpose; dev speakers were cut
from its train. MELD's official parts keep dialogues apart, not speakers. Listeners heard the same clips,
sound alone: the share in which most of them named what the actor meant. Minutes are the wall time of one
model on one core that other work shared. The corpora are acted.

A row scored on dev was chosen, or at least stopped, by these very clips, and flatters a little; the test part
of `tfds` was not at hand. The seed trained its network for 40 epochs; here it has fewer, for want of a GPU:
its rows say what so little training gives, no more. `cremad_compact` was asked on its test folds twice: first
with nine dev speakers cut from each fold's train, three seeds and no tempi at prediction; its rows on `tfds`
and `random-leaky` are without tempi. `ravdess_cnn_lstm` was asked on its test fold twice: first after two
epochs. `ravdess_compact` was asked on its test folds three times: once by an earlier recipe and a single
seed, once with auxiliary questions and blocks over time, and without them, as dev prefers. On MELD's test
part, `meld_text` was asked twice (once as an earlier committee, which dev and test liked less), and so was
`meld_text_best` (first with layers 6, 8 and 10); `meld_text_distilled` was asked three times (first with
words seen twice and less word dropout, then without hints): dev liked each a little more than the one before.
`meld_text_causal` knows what has been said so far, the others of MELD the whole dialogue. `meld_text_tuned`
was asked once. `meld_text_distilled` knows the words of MELD alone and runs without an encoder, but its
teacher has two, which have read far more: it is not from scratch in the sense of `meld_text`. A row whose
name ends in `_combined` is an ensemble of all seeds of the row that it is named after (`serenade
ensemble`), in `_combined_2` of every two of them (`--members 2`); nothing was trained or chosen for it.
"""

if __name__ == "__main__":
    main()
