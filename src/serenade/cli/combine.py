"""`serenade combine`: the seeds of a run answer together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def combine(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run of two seeds or more.")],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the new run.")],
    members: Annotated[
        int | None,
        typer.Option("--members", metavar="N", help="So many seeds in each model; left out: all in one."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option("--store", metavar="STORE", help="The run's own, if it was moved.")
    ] = None,
) -> None:
    """Make one model of a run's seeds, in each fold: they answer together, nothing is trained."""
    from rich.console import Console

    from serenade.training.ensemble import combine as combine_seeds

    with Console(stderr=True).status("combine") as status:
        print(
            combine_seeds(
                run,
                out,
                members=members,
                store=store,
                report=lambda done, total: status.update(f"combine  model {done + 1} of {total}"),
            )
        )
