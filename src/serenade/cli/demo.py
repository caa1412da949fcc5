"""`serenade demo`: the whole chain on a made corpus, each step by the command that anyone would use."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

_SEED = 7
_SPEAKERS = 12


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where everything goes.")] = Path("demo"),
) -> None:
    """Make a small corpus of voices and run everything on it, in under three minutes."""
    import numpy as np
    from rich.console import Console

    import serenade.assets
    from serenade.cli.main import run
    from serenade.synthetic.cremad import make_cremad

    console = Console(stderr=True, highlight=False)
    corpus, store, model = out / "corpus", out / "store", out / "run"
    recipe = Path(serenade.assets.__file__).with_name("demo.toml")
    with console.status(f"making a corpus of {_SPEAKERS} voices in {corpus}"):
        files = make_cremad(corpus, speakers=_SPEAKERS, rng=np.random.default_rng(_SEED))
    console.print(
        f"{len(files)} clips of {_SPEAKERS} made voices in {corpus} (numpy speaks; nobody was recorded)"
    )
    steps: list[list[str | Path]] = [
        ["inspect", corpus],
        ["prepare", corpus, "--corpus", "cremad", "--augment", "1", "--out", store],
        ["train", recipe, "--store", store, "--out", model, "--resume"],
        ["evaluate", model],
        ["predict", *files[:5], "--model", model],
    ]
    for step in steps:
        arguments = [str(word) for word in step]
        console.print(f"\n[bold]$ serenade {shlex.join(arguments)}[/bold]", soft_wrap=True)
        code = run(arguments)
        if code:
            raise typer.Exit(code)
    console.print(
        f"\nThese voices are made, so the score says only that the chain works.\n"
        f"Look at   {model / 'evaluation' / 'report.html'}\n"
        f"Then try  serenade predict YOUR.wav --model {model}\n"
        f"and       serenade inspect FOLDER, on a corpus of your own",
        soft_wrap=True,
    )
