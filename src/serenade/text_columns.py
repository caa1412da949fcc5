"""How pandas keeps columns of text."""

import pandas as pd


def use_python_strings() -> None:
    r"""Keep columns of text as Python strings, also where pyarrow is installed.

    Arrow, which pandas prefers if it is installed, has no place for names of files that are not UTF-8.

    >>> use_python_strings()
    >>> pd.Series(["\udcff.wav"])[0]
    '\udcff.wav'
    """
    pd.set_option("mode.string_storage", "python")
