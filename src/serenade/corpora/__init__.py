"""A folder of recordings → one table.

Importing this package registers every reader; one more is a function with `@register_corpus`.
"""

from serenade.corpora import cremad, emodb, emovo, manifest, meld, nemo, ravdess
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
    "cremad",
    "emodb",
    "emovo",
    "folds_of",
    "licence_of",
    "list_corpora",
    "list_splits",
    "make_split",
    "manifest",
    "meld",
    "nemo",
    "new_table",
    "ravdess",
    "read_corpora",
    "read_corpus",
    "register_corpus",
]
