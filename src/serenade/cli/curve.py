"""`serenade curve`: the score by the number of training speakers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serenade.cli.options import ChangesOption, ThreadsOption


def curve(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe (.toml).", show_default=False)],
    store: Annotated[
        Path, typer.Option("--store", metavar="STORE", help="Store to train on, made by serenade prepare.")
    ],
    speakers: Annotated[
        str | None,
        typer.Option(
            "--speakers",
            metavar="N,N",
            help="Numbers of training speakers. All of them are always used, too.  [default: 2,4,8 …]",
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option("--draws", min=1, metavar="N", help="Random choices of the speakers.")
    ] = 3,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder of the curve.  [default: curves/NAME]"),
    ] = None,
    changes: ChangesOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Train on growing numbers of speakers, and evaluate on the same test speakers.

    Shows whether more speakers would help. Writes a table and a figure, and the curve into the report of the
    run on all speakers. Run the same command again to continue after an interruption.
    """
    from serenade.cli.progress import numbered_progress
    from serenade.cli.text_tables import show_tables
    from serenade.cli.train import set_threads
    from serenade.training.speaker_curve import speaker_curve

    try:
        counts = [] if speakers is None else [int(count) for count in speakers.split(",")]
    except ValueError as cause:
        raise typer.BadParameter(
            "must be numbers with commas, such as 2,4,8", param_hint="--speakers"
        ) from cause
    set_threads(threads)
    with numbered_progress("curve", unit="runs") as show:
        result = speaker_curve(
            recipe,
            store=store,
            out=out or Path("curves") / recipe.stem,
            speakers=counts,
            draws=draws,
            changes=changes or [],
            on_run=show,
        )
    show_tables([result.table()], text="")
    print(result.folder / "speaker_curve.png")
    print(result.report)
