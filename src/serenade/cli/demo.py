"""`serenade demo`: every step from recordings to predictions, on a synthetic corpus."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

_SEED = 7
_SPEAKERS = 12


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output folder.")] = Path("demo"),
) -> None:
    """Run every step on a small synthetic corpus.

    Takes less than three minutes. The speech is synthetic, so the scores are meaningless.
    """
    import numpy as np
    from rich.console import Console

    import serenade.assets
    from serenade.cli.main import run
    from serenade.synthetic.cremad import make_cremad

    console = Console(stderr=True, highlight=False)
    corpus, store, model = out / "corpus", out / "store", out / "run"
    recipe = Path(serenade.assets.__file__).with_name("demo.toml")
    with console.status(f"writing a synthetic corpus to {corpus}"):
        files = make_cremad(corpus, speakers=_SPEAKERS, rng=np.random.default_rng(_SEED))
    console.print(f"{len(files)} clips of {_SPEAKERS} synthetic speakers in {corpus}")
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
        f"\nThe speech is synthetic: the scores only show that every step works.\n"
        f"Open      {model / 'evaluation' / 'report.html'}\n"
        f"Then try  serenade predict YOUR.wav --model {model}\n"
        f"and       serenade inspect FOLDER, for recordings of your own",
        soft_wrap=True,
    )
