"""`serenade compare`: evaluated runs in one table, with paired tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN…",
            help="Two or more evaluated runs (folders of serenade train), or evaluation folders.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the comparison to a file: .html (a page with figures), .md, .tex, .csv or .json.",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="Metric of the differences, see serenade list metrics. Default: the headline of the "
            "evaluations (UAR; weighted F1 for a split by dialogue).",
        ),
    ] = None,
    shared_clips: Annotated[
        bool,
        typer.Option(
            "--shared-clips",
            help="Compare on the clips that all runs share, if they were evaluated on different ones.",
        ),
    ] = False,
) -> None:
    """Compare evaluated runs on the same clips.

    Prints the scores with intervals, the paired differences with p-values, and the recall of each emotion.
    The p-values are those of a paired bootstrap over speakers, with Holm's correction for several pairs.
    """
    from serenade.cli.text_tables import show_tables
    from serenade.evaluation.compare import compare as compare_runs
    from serenade.evaluation.compare import tables
    from serenade.evaluation.compare.write import WRITERS, write_comparison
    from serenade.files import protect_inputs, require_writable

    if len(runs) < 2:
        raise typer.BadParameter("name two runs or more", param_hint="RUN")
    if out is not None and out.suffix.lower() not in WRITERS:
        raise typer.BadParameter(f"must end in one of {', '.join(WRITERS)}", param_hint="--out")
    require_writable(out)
    protect_inputs([out], runs)
    comparison = compare_runs(runs, metric=metric, shared_clips=shared_clips)
    runs_shown = tables.run_table(comparison)
    first, *others = runs_shown.head[1:7]
    brief = ["run", first, others[0], others[1], "parameters", "minutes per model"]
    pairs_shown = tables.pair_table(comparison)
    show_tables(
        [
            runs_shown.select(brief),
            pairs_shown.select(list(pairs_shown.head[:5])),
            tables.class_table(comparison),
        ],
        text=tables.summary(comparison),
    )
    if out is not None:
        write_comparison(comparison, out)
        print(out)
