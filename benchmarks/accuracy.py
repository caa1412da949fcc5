"""The accuracy of finished runs as one table, in docs/results.md.

    python benchmarks/accuracy.py RUN... [--write]

Evaluate each RUN first (`serenade evaluate RUN`). Every figure is read from the files of the run and of its
evaluation. If there is no evaluation of the test part, that of the dev part is used (`--part dev`).
`serenade compare` compares runs on the same clips.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from serenade.evaluation.compare.evaluated_run import EvaluatedRun
from serenade.evaluation.report.tables import markdown_records
from serenade.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- accuracy: written by benchmarks/accuracy.py -->", "<!-- end of accuracy -->"


def replace_block(page: Path, begin: str, end: str, text: str) -> None:
    """Replace what a page has between two marks."""
    content = page.read_text(encoding="utf-8")
    before, after = content.split(begin)[0], content.split(end)[1]
    with write_whole(page) as out:
        out.write(f"{before}{begin}\n{text}{end}{after}")


def table_of_runs(
    about: str, row_of: Callable[[Path], Mapping[str, str]], *, script: str, begin: str, end: str
) -> None:
    """Print a table with a row for each RUN of the command line, or write it into docs/results.md.

    Args:
        about: the docstring of the script.
        row_of: the row of a run folder.
        script: name of the script.
        begin: the mark before the table in the page.
        end: the mark after it.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--write", action="store_true", help="write docs/results.md")
    options = parser.parse_args()
    rows = [row_of(run) for run in options.runs]
    table = markdown_records(rows, list(rows[0]))
    if not options.write:
        print(table)
        return
    command = f"python benchmarks/{script} " + " ".join(f"runs/{run.name}" for run in options.runs)
    replace_block(ROOT / "docs" / "results.md", begin, end, f"Written by `{command} --write`.\n\n{table}")


if __name__ == "__main__":
    table_of_runs(
        __doc__, lambda run: EvaluatedRun.read(run).describe(), script="accuracy.py", begin=BEGIN, end=END
    )
