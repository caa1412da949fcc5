"""`serenade report`: make the page of an evaluation again, and say where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serenade.errors import CorpusError, MissingExtra


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or an evaluation folder.")],
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Rebuild report.html from metrics.json, predictions.csv and the run's logs."""
    try:
        from serenade.evaluation.report import write_report
    except ImportError as cause:
        raise MissingExtra(
            f"serenade report needs {cause.name}; install it with: pip install 'serenade[train]'"
        ) from cause
    for folder in _evaluations(run):
        page = write_report(folder)
        print(page)
        if open_page:
            typer.launch(str(page))


def _evaluations(run: Path) -> list[Path]:
    """The evaluation folders of a run: itself, or those directly in it or in its `evaluation` folder."""
    if not run.is_dir():
        raise CorpusError("there is no such run folder", file=run)
    found = [*run.glob("metrics.json"), *run.glob("*/metrics.json"), *run.glob("evaluation/*/metrics.json")]
    if not found:
        raise CorpusError("holds no evaluation; make one with: serenade evaluate", file=run)
    return sorted(file.parent for file in found)
