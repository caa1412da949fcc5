"""`serenade list`: what can be named in a command or a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

app = typer.Typer(
    help="List corpora, networks, splits, models or output formats.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Pattern = Annotated[str, typer.Argument(metavar="[PATTERN]", help="Shell pattern, such as 'cnn*'.")]


@app.command()
def corpora(pattern: Pattern = "*") -> None:
    """List the corpora that can be read, with languages and licences."""
    from serenade.corpora import list_corpora

    _print(
        ("name", "languages", "licence", "file names"),
        (
            (corpus.name, " ".join(corpus.languages) or "any", corpus.licence, corpus.looks_like)
            for corpus in list_corpora()
        ),
        pattern=pattern,
    )


@app.command()
def networks(pattern: Pattern = "*") -> None:
    """List the networks that a recipe can name."""
    from serenade.networks.registry import NETWORKS

    _print(
        ("name", "description"),
        ((name, (NETWORKS[name].__doc__ or "").strip().splitlines()[0]) for name in NETWORKS),
        pattern=pattern,
    )


@app.command()
def splits(pattern: Pattern = "*") -> None:
    """List the splits into train, dev and test."""
    from serenade.corpora import list_splits

    _print(("name", "description"), list_splits().items(), pattern=pattern)


@app.command()
def models(pattern: Pattern = "*") -> None:
    """List the bundled models with labels and licences."""
    from serenade.inference.model import bundled_models, load_model

    rows = []
    for name, file in bundled_models().items():
        spec = load_model(file, threads=1).spec
        trained_on = ", ".join(f"{corpus['name']} ({corpus['license']})" for corpus in spec.corpora)
        rows.append((name, spec.version, spec.license, ", ".join(spec.labels), trained_on))
    if not rows:
        print("this version has no bundled model; train one (serenade train) and name it with --model")
        return
    _print(("name", "version", "licence", "labels", "trained on"), rows, pattern=pattern)


@app.command()
def formats(pattern: Pattern = "*") -> None:
    """List the output formats of `serenade predict`."""
    from serenade.output.writers import FORMATS

    _print(("name",), ((name,) for name in sorted(FORMATS)), pattern=pattern)


def _print(head: Sequence[str], rows: Iterable[Sequence[str]], *, pattern: str) -> None:
    """Print the rows whose name matches a pattern as an aligned table.

    Raises:
        BadParameter: no name matches.
    """
    from fnmatch import fnmatchcase

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    rows = list(rows)
    matching = [row for row in rows if fnmatchcase(row[0], pattern)]
    if not matching:
        names = ", ".join(row[0] for row in rows)
        raise typer.BadParameter(f"no name matches {pattern!r}; the names are {names}", param_hint="PATTERN")
    table = Table(*head, box=None, header_style="bold", pad_edge=False)
    for row in matching:
        table.add_row(*map(escape, row))
    Console(highlight=False).print(table)
