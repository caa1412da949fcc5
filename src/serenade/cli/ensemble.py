"""`serenade ensemble`: the seeds of a run as one model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def ensemble(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run of two seeds or more.")],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the new run.")],
    members: Annotated[
        int | None,
        typer.Option("--members", metavar="N", help="Seeds in each ensemble.  [default: all]"),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="STORE", help="The run's store, if it was moved."),
    ] = None,
) -> None:
    """Average the seeds of a run into one model for each fold, without training."""
    from serenade.cli.progress import progress_bar
    from serenade.training.ensemble import ensemble as ensemble_of

    with progress_bar("ensemble", unit="models") as bar:
        made = ensemble_of(
            run,
            out=out,
            members=members,
            store=store,
            progress=lambda done, total: bar.update(done=done, total=total),
        )
    print(made.folder)
