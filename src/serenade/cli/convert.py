"""`serenade convert`: an old pickle of arrays becomes a safetensors file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE.pkl", help="Pickle of arrays, of Python 2 or 3.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.safetensors", help="File to write.")],
) -> None:
    """Read an old pickle without running anything in it, and write its arrays as safetensors."""
    from serenade.originals.meld.convert import convert_pickle

    print(convert_pickle(file, out))
