"""Error rates of the paired test of `serenade compare`, by simulation.

    python benchmarks/compare.py [--write]

Two runs that are equally good on the average of all speakers are simulated and compared, several times for
each number of speakers. The table has the share of comparisons with p < 0.05 (5 % is right), and how often
the 95 % interval contains 0.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy import replace_block

from serenade.evaluation.compare.paired import PairedDifference, paired_differences
from serenade.evaluation.fold_runs import FoldRuns
from serenade.evaluation.report.tables import markdown_table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "compare.md"
BEGIN, END = "<!-- error rates: written by benchmarks/compare.py -->", "<!-- end of error rates -->"
SPEAKERS, CLIPS, TRIALS, DRAWS = (4, 6, 8, 10, 20, 40, 90), 20, 600, 1000
LABELS = ("anger", "fear", "neutral")


def simulate(speakers: int, rng: np.random.Generator) -> PairedDifference:
    """Compare two simulated runs without a difference on average; speakers differ in difficulty."""
    true, speaker = rng.choice(LABELS, size=speakers * CLIPS), np.repeat(np.arange(speakers), CLIPS)
    base = rng.uniform(0.3, 0.8, speakers)
    runs = {}
    for name in ("a", "b"):
        accuracy = np.clip(base + rng.normal(0, 0.08, speakers), 0, 1)[speaker]
        predicted = np.where(rng.random(len(true)) < accuracy, true, rng.choice(LABELS, size=len(true)))
        table = pd.DataFrame({"emotion": true, "predicted": predicted, "speaker": speaker})
        runs[name] = FoldRuns.of(table, LABELS)
    return paired_differences(runs, metric="uar", rng=rng, draws=DRAWS)[0]


def main() -> None:
    """Print the table, or write it into the how-to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/how-to/compare.md")
    options = parser.parse_args()
    rows = []
    for speakers in SPEAKERS:
        rng = np.random.default_rng(speakers)
        found = [simulate(speakers, rng) for _ in range(TRIALS)]
        wrong = np.mean([(pair.p or 0) < 0.05 for pair in found])
        covered = np.mean([(pair.low or 0) <= 0 <= (pair.high or 0) for pair in found])
        rows.append([str(speakers), f"{100 * wrong:.1f} %", f"{100 * covered:.1f} %"])
    table = markdown_table(["speakers", "p < 0.05", "interval contains 0"], rows)
    print(table)
    if options.write:
        replace_block(PAGE, BEGIN, END, table)


if __name__ == "__main__":
    main()
