"""`serenade list`: what can be named in a command or a recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

app = typer.Typer(
    help="List corpora, networks, splits and more.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Column names, and rows whose first cell is the name."""

_GAP = 2
"""Spaces between two columns."""

Pattern = Annotated[str, typer.Argument(metavar="[PATTERN]", help="Shell pattern, such as 'cnn*'.")]


def _corpora() -> Table:
    from serenade.corpora.registry import CORPORA

    rows = [
        (corpus.name, " ".join(corpus.languages) or "any", corpus.licence, corpus.looks_like)
        for corpus in CORPORA.entries()
    ]
    return ("name", "languages", "licence", "file names"), rows


def _networks() -> Table:
    from serenade.networks.registry import NETWORKS

    rows = [(name, NETWORKS[name].summary) for name in NETWORKS]
    return ("name", "description"), rows


def _splits() -> Table:
    from serenade.corpora.split_registry import SPLITS

    return ("name", "description"), [(name, SPLITS[name].about) for name in SPLITS]


def _metrics() -> Table:
    from serenade.evaluation.metric import METRICS

    return ("name", "title", "description"), [tuple(METRICS[name].to_dict().values()) for name in METRICS]


def _models() -> Table:
    from serenade.inference.load import load_model
    from serenade.inference.locate import bundled_models

    rows = []
    for name, file in bundled_models().items():
        spec = load_model(file).spec
        size = f"{file.stat().st_size / 1e6:.1f} MB"
        trained_on = ", ".join(corpus["name"] for corpus in spec.corpora)
        rows.append((name, spec.version, size, spec.license, trained_on, ", ".join(spec.labels)))
    return ("name", "version", "size", "licence", "trained on", "labels"), rows


def _formats() -> Table:
    from serenade.output.format import FORMATS

    rows = []
    for format in FORMATS.entries():
        notes = {
            "timeline": format.is_timeline,
            "one file each": format.is_per_recording,
            "resumable": format.is_resumable,
        }
        note = ", ".join(note for note, holds in notes.items() if holds)
        rows.append((format.name, " ".join(format.suffixes), format.about, note))
    return ("name", "suffixes", "description", "notes"), rows


TABLES: dict[str, Callable[[], Table]] = {
    "corpora": _corpora,
    "networks": _networks,
    "splits": _splits,
    "metrics": _metrics,
    "models": _models,
    "formats": _formats,
}
"""The tables by the name of their command."""

_HELP = {
    "corpora": "List the corpora that can be read, with languages and licences.",
    "networks": "List the networks that a recipe can name.",
    "splits": "List the splits into train, dev and test.",
    "metrics": "List the metrics of an evaluation.",
    "models": "List the bundled models with sizes, licences, corpora and labels; the first is the default.",
    "formats": "List the output formats of `serenade predict`.",
}


def _add_command(name: str) -> None:
    @app.command(name, help=_HELP[name])
    def command(pattern: Pattern = "*") -> None:
        _print(name, pattern)


for _name in TABLES:
    _add_command(_name)


def _print(name: str, pattern: str) -> None:
    """Print the rows whose name matches a pattern as an aligned table.

    Raises:
        BadParameter: no name matches.
    """
    from fnmatch import fnmatchcase

    from rich.cells import cell_len
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as RichTable

    head, rows = TABLES[name]()
    if not rows:
        print("this version has no bundled model; train one (serenade train) and name it with --model")
        return
    matching = [row for row in rows if fnmatchcase(row[0], pattern)]
    if not matching:
        names = ", ".join(row[0] for row in rows)
        raise typer.BadParameter(f"no name matches {pattern!r}; the names are {names}", param_hint="PATTERN")
    console = Console(highlight=False)
    table = RichTable(box=None, header_style="bold", pad_edge=False)
    columns = list(zip(head, *matching, strict=True))
    words = [max(cell_len(word) for cell in cells for word in cell.split() or [""]) for cells in columns]
    # Lines break between words, where the terminal is wide enough for the longest ones.
    is_wide = sum(words) + _GAP * (len(words) - 1) <= console.width
    for name, longest in zip(head, words, strict=True):
        table.add_column(name, overflow="fold", min_width=longest if is_wide else None)
    for row in matching:
        table.add_row(*map(escape, row))
    console.print(table)
