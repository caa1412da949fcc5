"""The accuracy of finished runs as one table: into docs/results.md, and into the README between its marks.

    python benchmarks/accuracy.py RUN... [--write]

Each RUN is evaluated already (`serenade evaluate RUN`). Nothing is typed in by hand: every figure is read
from the run's `evaluation/metrics.json`, `summary.json` and `recipe.toml`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from serenade.files import write_whole
from serenade.training.recipe import read_recipe

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- accuracy: written by benchmarks/accuracy.py -->", "<!-- end of accuracy -->"
_HEAD = (
    "| corpus | recipe | split | network | models | clips | UAR % | accuracy % | macro F1 % | weighted F1 % "
    "| listeners | minutes each |\n"
)
_LINE = "|---|---|---|---|---|---:|---|---|---|---|---|---:|\n"


def rows(run: Path) -> str:
    """One line of the table."""
    metrics: dict[str, Any] = json.loads((run / "evaluation" / "metrics.json").read_text())
    recipe = read_recipe(run)
    summary = json.loads((run / "summary.json").read_text())
    parts = summary["parts"]
    folds = {part["fold"] for part in parts}
    seeds = {part["seed"] for part in parts}
    models = f"{_counted(len(folds), 'fold')}, {_counted(len(seeds), 'seed')}"
    heard = metrics["listeners"]
    split = f"`{recipe.data.split}`" + (" **leaks on purpose**" if "leaky" in recipe.data.split else "")
    minutes = sum(part["seconds"] for part in parts) / 60 / len(parts)
    cells = [
        ", ".join(metrics["corpora"]),
        f"`{recipe.name}`",
        split,
        f"`{recipe.network.name}`",
        models,
        f"{metrics['counts']['scored_clips']:,}",
        *(_figure(metrics, name) for name in ("uar", "accuracy", "macro_f1", "weighted_f1")),
        f"accuracy {heard['accuracy']:.1%}" if heard else "",
        f"{minutes:.1f}",
    ]
    return "| " + " | ".join(cells) + " |\n"


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
    table = _HEAD + _LINE + "".join(rows(run) for run in options.runs)
    if not options.write:
        print(table)
        return
    command = "python benchmarks/accuracy.py " + " ".join(f"runs/{run.name}" for run in options.runs)
    with write_whole(ROOT / "docs" / "results.md") as out:
        out.write(f"# Results\n\nWritten by `{command} --write`; do not edit.\n\n{table}{_NOTES}")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    before, after = readme.split(BEGIN)[0], readme.split(END)[1]
    with write_whole(ROOT / "README.md") as out:
        out.write(f"{before}{BEGIN}\n{table}{END}{after}")


_NOTES = """
± is the standard deviation over folds (each the mean of its seeds), or over seeds where there is one fold; a
bracket is the 95 % interval over resampled speakers (dialogues for MELD) of a single model. Every fold's
test speakers were heard by none of its models, but where the split leaks on purpose; dev speakers were cut
from its train. MELD's official parts keep dialogues apart, not speakers. Listeners heard the same clips,
sound alone: the share in which most of them named what the actor meant. Minutes are the wall time of one
model on one core that other work shared. The corpora are acted.
"""

if __name__ == "__main__":
    main()
