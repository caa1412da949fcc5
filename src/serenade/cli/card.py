"""`serenade card`: the model card of an evaluated run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def card(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished and evaluated run.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE.md", help="File to write. Default: README.md of the run's model."
        ),
    ] = None,
) -> None:
    """Write the model card of a run, with the results of its evaluation.

    The card states the data, the licence, the protocol, scores by emotion and by attributes of the speakers,
    the calibration and the limits. It begins with the metadata of the Hugging Face hub.
    """
    from serenade.training.push import card as write_card

    print(write_card(run, out=out))
