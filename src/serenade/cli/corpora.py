"""`serenade corpora`: the corpora that can be read, with their licences."""

from __future__ import annotations


def corpora() -> None:
    """List the corpora that serenade reads, with licences and languages."""
    from rich.console import Console
    from rich.table import Table

    from serenade.corpora import list_corpora

    table = Table(
        "name", "languages", "licence", "files look like", box=None, header_style="bold", pad_edge=False
    )
    for corpus in list_corpora():
        table.add_row(corpus.name, " ".join(corpus.languages) or "any", corpus.licence, corpus.looks_like)
    Console().print(table)
