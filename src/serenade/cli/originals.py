"""`serenade originals`: the two published systems as commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Run the two published systems.\n\nThese are the CREMA-D scripts and the MELD notebooks.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_SCRIPTS = {
    "generator": "CREMA-D: write mel spectrograms (mel_generator.py).",
    "trainer": "CREMA-D: train on mel spectrograms (cremad_custom2.py).",
    "tester": "CREMA-D: classify recordings (custom2_tester.py).",
}


def _add_script(name: str, text: str) -> None:
    # The script parses its own flags, which are those of the published one, and prints its own help.
    @app.command(
        name,
        help=text,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def script(context: typer.Context) -> None:
        main: Callable[..., int] = import_module(f"serenade.originals.cremad.{name}").main
        raise typer.Exit(main(context.args, prog=f"serenade originals {name}"))


for _name, _text in _SCRIPTS.items():
    _add_script(_name, _text)


@app.command("spectrograms")
def spectrograms(
    meld: Annotated[Path, typer.Argument(metavar="DIR", help="The folder MELD.Raw.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the arrays.")],
    compress: Annotated[
        bool, typer.Option("--compress", help="Write .npz files with the array X_audio instead of .npy.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, metavar="N", help="Worker processes (default: one per core)."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a clip is missing or cannot be read.")
    ] = False,
) -> None:
    """MELD: write spectrogram arrays.

    The arrays are X_audio_{train,val,test}.npy.
    """
    from serenade.cli.prepare import print_clips, show_progress
    from serenade.originals.meld.spectrogram_writer import write_spectrograms

    with show_progress() as progress:
        made = write_spectrograms(meld, out, compress=compress, jobs=jobs, progress=progress)
    print_clips(made.trouble, f"column status of the ids_*.csv in {out}")
    print(made)
    if strict and made.trouble:
        raise typer.Exit(1)


@app.command("convert")
def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE.pkl", help="Pickle of arrays, of Python 2 or 3.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.safetensors", help="File to write.")],
) -> None:
    """MELD: convert a pickle to safetensors.

    Code in the pickle is not run.
    """
    from serenade.originals.meld.convert import convert_pickle

    print(convert_pickle(file, out), file=sys.stdout)
