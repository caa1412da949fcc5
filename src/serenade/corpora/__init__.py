"""A folder of recordings → one table.

A new corpus is a module in `readers/` with a function under `@register_corpus`.
"""

from serenade.corpora.findings import Findings, check_table
from serenade.corpora.registry import (
    Corpus,
    licence_of,
    list_corpora,
    read_corpora,
    read_corpus,
    register_corpus,
)
from serenade.corpora.splits import Split, check_split, folds_of, list_splits, make_split
from serenade.corpora.table import new_table

__all__ = [
    "Corpus",
    "Findings",
    "Split",
    "check_split",
    "check_table",
    "folds_of",
    "licence_of",
    "list_corpora",
    "list_splits",
    "make_split",
    "new_table",
    "read_corpora",
    "read_corpus",
    "register_corpus",
]
