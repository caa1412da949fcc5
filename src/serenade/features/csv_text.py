"""Tables with paths as CSV in UTF-8, from which the same paths and texts are read again.

The name of a file is bytes, on most systems of any kind. Python reads a byte that is not UTF-8 as a lone
surrogate, which no UTF-8 file can hold.
"""

from __future__ import annotations

import csv
from typing import Literal

import pandas as pd

from serenade.text import decode_path, encode_path
from serenade.text_columns import use_python_strings

use_python_strings()


def with_encoded_paths(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose column `file` is encoded."""
    return table.assign(file=[encode_path(file) for file in table["file"]])


def with_decoded_paths(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose column `file`, as it was read, is decoded."""
    return table.assign(file=[decode_path(file) for file in table["file"]])


def quoting_of(table: pd.DataFrame) -> Literal[0, 2]:
    r"""Return the `quoting` of `DataFrame.to_csv` that keeps every text.

    pandas does not quote a lone carriage return, and reads it as the end of a row.

    >>> quoting_of(pd.DataFrame({"text": ["a\nb"]})), quoting_of(pd.DataFrame({"text": ["a\rb"]}))
    (0, 2)
    """
    has_returns = any("\r" in value for name in table for value in table[name] if isinstance(value, str))
    return csv.QUOTE_NONNUMERIC if has_returns else csv.QUOTE_MINIMAL
