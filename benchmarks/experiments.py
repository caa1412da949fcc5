"""docs/experiments.md from the log of experiments.

    python benchmarks/experiments.py

`benchmarks/experiments.csv` has one row for each idea that was tried, whether it gained or not. Add a row
when an idea was evaluated.
"""

from __future__ import annotations

import csv
from pathlib import Path

from serenade.evaluation.report.tables import markdown_records
from serenade.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / "benchmarks" / "experiments.csv"

_INTRODUCTION = """# Experiments

Written by `python benchmarks/experiments.py` from `benchmarks/experiments.csv`; do not edit.

Ideas for the classifier on a frozen Whisper encoder. Figures are UAR in percent. *Pairs of folds left out*:
two folds of speakers are left out, and each is scored by the model of the rest; test folds are not used.
*Held-out folds* are the test folds themselves, so these rows are optimistic where something was chosen by
them. The figures are from scripts for one question each, which are not in the repository;
[Results](results.md) has what a command of the repository gives.

"""


def main() -> None:
    """Write the page."""
    with LOG.open(newline="", encoding="utf-8") as file:
        rows = [
            {name.replace("_", " "): value for name, value in row.items()} for row in csv.DictReader(file)
        ]
    with write_whole(ROOT / "docs" / "experiments.md") as out:
        out.write(_INTRODUCTION + markdown_records(rows, list(rows[0])))


if __name__ == "__main__":
    main()
