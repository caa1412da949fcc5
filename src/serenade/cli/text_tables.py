"""Tables of texts in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
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
        head = _narrow(shown, width=console.width)
        for number, name in enumerate(head or shown.head):
            table.add_column(
                escape(name),
                overflow="fold",
                justify="right" if number else "left",
                no_wrap=head is not None or not number,
            )
        for row in shown.rows:
            table.add_row(*map(escape, row))
        console.print(table)
        if shown.note:
            console.print(escape(shown.note), style="dim")
        console.print()
    console.print(escape(text))


def _narrow(table: TextTable, *, width: int) -> list[str] | None:
    """The head, wrapped between words if it must be; None if the cells are wider than the terminal."""
    from rich.cells import cell_len

    full = [max(map(cell_len, cells)) for cells in zip(table.head, *table.rows, strict=True)]
    if sum(full) + 2 * (len(full) - 1) <= width:
        return list(table.head)
    widths = []
    for name, cells in zip(table.head, zip(*table.rows, strict=True), strict=False):
        widths.append(max(map(cell_len, (*cells, *name.split()))))
    if len(widths) < len(table.head) or sum(widths) + 2 * (len(widths) - 1) > width:
        return None
    return ["\n".join(wrap(name, size)) for name, size in zip(table.head, widths, strict=True)]
