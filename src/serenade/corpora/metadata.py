"""The tables that come with a corpus: read as text, and checked."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from serenade.errors import CorpusError


def read_metadata(
    file: str | Path, columns: Sequence[str], *, numbers: Sequence[str] = (), separator: str = ","
) -> pd.DataFrame:
    """Read a table of a corpus as text, without spaces around names and values.

    Args:
        file: a CSV or TSV file in UTF-8.
        columns: the columns that it must have.
        numbers: those of them that are numbers.
        separator: of the columns; quotes mean nothing in a TSV file.

    Raises:
        CorpusError: the file cannot be read, lacks a column, or has text in place of a number.
    """
    quoting: Literal[0, 3] = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
    try:
        table: pd.DataFrame = pd.read_csv(
            file, sep=separator, dtype=str, quoting=quoting, keep_default_na=False, encoding="utf-8-sig"
        )
    except (OSError, ValueError) as cause:
        raise CorpusError(
            f"cannot be read as a table in UTF-8 ({cause}); copy it again", file=file
        ) from cause
    names = [str(column).strip() for column in table.columns]
    # Row numbers, as R writes them: a first column without a name.
    table.columns = pd.Index(["" if names[0].startswith("Unnamed: ") else names[0], *names[1:]])
    if missing := [name for name in columns if name not in table]:
        lacking = ", ".join(name or "(row numbers)" for name in missing)
        raise CorpusError(f"lacks the columns {lacking}; copy it again", file=file)
    table = table.apply(lambda values: values.str.strip())
    for name in numbers:
        try:
            table[name] = pd.to_numeric(table[name])
        except ValueError as cause:
            raise CorpusError(f"column {name}: {cause}; copy it again", file=file) from cause
    return table
