"""`serenade ensemble`: the seeds of a run as one model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def ensemble(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run with at least two seeds.")],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the new run.")],
    members: Annotated[
        int | None,
        typer.Option("--members", metavar="N", help="Number of seeds in each ensemble.  [default: all]"),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="STORE", help="Store of the run, if it was moved."),
    ] = None,
) -> None:
    """Combine the seeds of a run into one model.

    The probabilities of the seeds are averaged, in each fold. Nothing is trained.
    """
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
