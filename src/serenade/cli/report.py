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
) -> None:
    """Write the HTML reports of a run again.

    Each report.html is made from the files of its evaluation (metrics.json, predictions.csv) and of the run.
    To evaluate again, use serenade evaluate.
    """
    from serenade.evaluation.folder import find_evaluations
    from serenade.evaluation.report import write_report

    for folder in find_evaluations(run):
        page = write_report(folder.path, audio=audio)
        print(page)
        if open_page:
            typer.launch(str(page))
