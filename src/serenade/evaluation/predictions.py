"""The table of predictions that an evaluation starts from: one row per clip and fold run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from serenade.errors import CorpusError

REQUIRED = ("id", "file", "source", "speaker", "emotion", "predicted", "confidence")
TEXT_COLUMNS = (
    *REQUIRED[:-1],
    *("corpus", "listeners_emotion", "dialogue", "text", "state", "sex", "race", "ethnicity", "language"),
)

INDEX_COLUMNS = (
    *("id", "file", "source", "speaker", "emotion", "corpus", "listeners_emotion", "duration_s"),
    *("start", "end", "dialogue", "rank", "text", "state"),
    *("sex", "age", "race", "ethnicity", "language"),
)
"""Columns of clips that a table of predictions keeps, where there are such."""


def checked(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Return the table with its columns in order and its texts as str ("" where missing).

    Raises:
        CorpusError: no rows, a column is missing, a prediction is not among `labels`, or a score is not a
            finite number.
    """
    wanted = [*REQUIRED, *(f"score_{label}" for label in labels)]
    if missing := [name for name in wanted if name not in predictions.columns]:
        raise CorpusError(f"the predictions lack the columns {', '.join(missing)}")
    if predictions.empty:
        raise CorpusError("there is no prediction to evaluate; check which store and which part were chosen")
    others = [name for name in predictions.columns if name not in wanted]
    table = predictions[[*wanted, *others]].reset_index(drop=True)
    for name in TEXT_COLUMNS:
        if name in table.columns:
            table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str)
    if foreign := sorted(set(table["predicted"]) - set(labels)):
        raise CorpusError(f"predictions {', '.join(map(repr, foreign))} are not among the model's labels")
    numbers = table[["confidence", *(f"score_{label}" for label in labels)]].to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers).all(1))[0])
        raise CorpusError("has a score that is not a number; the model is broken", file=table["file"][row])
    return table


def labelled(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Return the rows whose true label is one of the model's."""
    return table[table["emotion"].isin(list(labels))]


def one_per_clip(table: pd.DataFrame) -> pd.DataFrame:
    """Return one prediction per clip: that of the first seed and, if several folds have one, the first fold.

    Tables and figures that show clips use these rows, so that every clip counts once.

    >>> table = pd.DataFrame({"id": ["x", "y", "x"], "seed": [1, 0, 0]})
    >>> one_per_clip(table)
      id  seed
    1  y     0
    2  x     0
    """
    keys = [key for key in ("seed", "fold") if key in table]
    return table.sort_values(keys, kind="stable").drop_duplicates("id") if keys else table
