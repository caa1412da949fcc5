"""The score of the frozen encoder on RAVDESS by the number of training speakers, into docs/results.md.

    python benchmarks/speaker_curve.py --data DIR [--out runs/speaker_curve] [--draws 5] [--write]

DIR has the folder `ravdess`. The runs are those of `serenade curve`; a finished one is not repeated.
"""

from __future__ import annotations

import sys
from pathlib import Path

from accuracy import replace_block
from encoder import RECIPE, parser_of, store_of

from serenade.evaluation.report.tables import markdown_table
from serenade.training.speaker_curve import SpeakerCurve, speaker_curve

PAGE = Path(__file__).resolve().parent.parent / "docs" / "results.md"
BEGIN, END = "<!-- speaker curve: written by benchmarks/speaker_curve.py -->", "<!-- end of speaker curve -->"
CORPUS, SPLIT = "ravdess", "actors-5"


def summary_of(curve: SpeakerCurve) -> str:
    """What the last doubling of the speakers gains, and how far the draws of the fewest speakers differ."""
    first, *_, before, last = curve.points
    ends = [100 * score for score in (min(first.scores), max(first.scores))]
    return (
        f"From {before.speakers} to {last.speakers} speakers the mean changes by "
        f"{100 * (last.mean - before.mean):+.1f} points; with {first.speakers} speakers the score is "
        f"between {ends[0]:.1f} and {ends[1]:.1f}, depending on which ones."
    )


def main() -> None:
    """Train, evaluate, and print or write the table."""
    parser = parser_of(__doc__, out="runs/speaker_curve")
    parser.add_argument("--draws", type=int, default=5)
    given = parser.parse_args()
    curve = speaker_curve(
        RECIPE,
        store=store_of(given.data, [CORPUS], given.out),
        out=given.out / "curve",
        draws=given.draws,
        changes=[f"data.split={SPLIT}"],
        on_run=lambda number, count, name: print(f"{number}/{count}  {name}", file=sys.stderr, flush=True),
    )
    shown = curve.table()
    text = f"{markdown_table(shown.head, shown.rows)}\n{shown.note} {summary_of(curve)}\n"
    print(text)
    if given.write:
        command = f"python benchmarks/speaker_curve.py --data DIR --draws {given.draws} --write"
        replace_block(PAGE, BEGIN, END, f"Written by `{command}`: RAVDESS, `{SPLIT}`.\n\n{text}")


if __name__ == "__main__":
    main()
