"""`serenade report`: write the report of an evaluation again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run folder or an evaluation folder.", show_default=False)
    ],
    open_page: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    audio: Annotated[bool, typer.Option(help="Embed the audio of the most confident errors.")] = True,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--compare",
            metavar="RUN",
            help="Add a section with scores and paired differences of this evaluated run and RUN; may be "
            "repeated. See serenade compare.",
        ),
    ] = None,
) -> None:
    """Write the HTML reports of a run again.

    Each report.html is made from the files of its evaluation (metrics.json, predictions.csv) and of the run.
    To evaluate again, use serenade evaluate. With --compare, one report is written: that of the
    compared evaluation.
    """
    from serenade.evaluation.compare import compare as compare_runs
    from serenade.evaluation.compare.evaluated_run import evaluation_of
    from serenade.evaluation.folder import find_evaluations
    from serenade.evaluation.report import write_report

    comparison = compare_runs([run, *compare]) if compare else None
    for folder in find_evaluations(run) if comparison is None else [evaluation_of(run)]:
        page = write_report(folder.path, audio=audio, comparison=comparison)
        print(page)
        if open_page:
            typer.launch(str(page))
