"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MetadataOption = Annotated[
    Path | None,
    typer.Option(
        "--metadata",
        metavar="DIR",
        help="Folder with the tables of the corpus (speakers, votes, texts), if it is elsewhere.",
    ),
]
SpeakersFromOption = Annotated[
    str | None,
    typer.Option(
        "--speakers-from",
        metavar="SOURCE",
        help="Take the speakers from the folder names (folder), from the file names (name:REGEX) or from a "
        "column (column:NAME). Default: a column speaker, or the file names of a known corpus.",
    ),
]
ChangesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the recipe, such as training.epochs=5; may be repeated.",
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", min=1, metavar="N", help="Number of CPU threads.  [default: one per core]"),
]
