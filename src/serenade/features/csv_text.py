"""Tables with paths as CSV in UTF-8, from which the same paths and texts are read again.

The name of a file is bytes, on most systems of any kind. Python reads a byte that is not UTF-8 as a lone
surrogate, which no UTF-8 file can hold.
"""

from __future__ import annotations

import csv
import os
from typing import Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

import pandas as pd

_SCHEME = "file:"


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


def encode_path(path: str) -> str:
    r"""Return a path as UTF-8 text: itself, or a `file:` URI (RFC 8089) with its bytes percent-encoded.

    Paths with control characters are encoded too, since not every reader of CSV keeps them.

    >>> encode_path("/a/été.wav"), encode_path("/a/caf\udce9.wav")
    ('/a/été.wav', 'file:/a/caf%E9.wav')
    """
    is_plain = path.isprintable() and not path.startswith(_SCHEME)
    return path if is_plain else _SCHEME + quote_from_bytes(os.fsencode(path))


def decode_path(text: str) -> str:
    r"""Return the path that `encode_path` encoded.

    >>> decode_path("file:/a/caf%E9.wav") == "/a/caf\udce9.wav", decode_path("/a/100%25.wav")
    (True, '/a/100%25.wav')
    """
    return os.fsdecode(unquote_to_bytes(text[len(_SCHEME) :])) if text.startswith(_SCHEME) else text
