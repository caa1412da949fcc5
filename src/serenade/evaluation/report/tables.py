"""Tables of texts as Markdown and LaTeX; the pages show the same tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

_LATEX = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "–": "--",
    "−": "$-$",
    "\N{NO-BREAK SPACE}": "~",
}


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table as it is shown.

    Attributes:
        title: what it shows.
        head: names of the columns; the first column names the row.
        rows: texts of the cells.
        note: what a reader must know, in one or more sentences.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def select(self, columns: Sequence[str]) -> TextTable:
        """Return the table with some of its columns."""
        places = [self.head.index(name) for name in columns]
        rows = tuple(tuple(row[place] for place in places) for row in self.rows)
        return replace(self, head=tuple(columns), rows=rows)

    def to_markdown(self) -> str:
        """Return title, table and note in Markdown."""
        note = f"\n{self.note}\n" if self.note else ""
        return f"## {self.title}\n\n{markdown_table(self.head, self.rows)}{note}"

    def to_latex(self) -> str:
        """Return a `table` environment; it needs the LaTeX package booktabs."""
        lines = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex(self.title)}. {latex(self.note)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(self.head) - 1)}}}",
            r"\toprule",
            latex_row(self.head),
            r"\midrule",
            *map(latex_row, self.rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
        return "\n".join(lines) + "\n"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    r"""Return a Markdown table; a `|` in a cell is escaped.

    >>> print(markdown_table(["run", "UAR"], [["a|b", "0.5"]]), end="")
    | run | UAR |
    | --- | --- |
    | a\|b | 0.5 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def markdown_records(records: Sequence[Mapping[str, str]], columns: Sequence[str]) -> str:
    """Return some columns of records as a Markdown table.

    >>> print(markdown_records([{"run": "a", "UAR": "0.5"}], ["UAR"]), end="")
    | UAR |
    | --- |
    | 0.5 |
    """
    return markdown_table(columns, [[record[name] for name in columns] for record in records])


def latex(text: str) -> str:
    r"""Return a text with its special characters as LaTeX needs them.

    >>> print(latex("r_base ± 3 %"))
    r\_base $\pm$ 3 \%
    """
    return "".join(_LATEX.get(character, character) for character in text)


def latex_row(cells: Sequence[str]) -> str:
    r"""Return a row of a `tabular`.

    >>> print(latex_row(["a", "1"]))
    a & 1 \\
    """
    return " & ".join(map(latex, cells)) + r" \\"
