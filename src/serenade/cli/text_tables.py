"""Tables of texts in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serenade.evaluation.report.tables import TextTable


def show_tables(tables: Sequence[TextTable], *, text: str) -> None:
    """Print tables with their notes, and a text below them."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    for shown in tables:
        console.print(escape(shown.title), style="bold")
        table = Table(box=None, header_style="bold", pad_edge=False)
        for number, name in enumerate(shown.head):
            table.add_column(
                escape(name), overflow="fold", justify="right" if number else "left", no_wrap=not number
            )
        for row in shown.rows:
            table.add_row(*map(escape, row))
        console.print(table)
        if shown.note:
            console.print(escape(shown.note), style="dim")
        console.print()
    console.print(escape(text))
