"""Folders of recordings and manifests → one corpus table; splits of a table into train, dev and test.

A new corpus is a module in `readers/`, a new split a module in `splits/`.
"""

from importlib.util import find_spec

from serenade.errors import MissingExtra

if find_spec("pandas") is None:
    raise MissingExtra("reading a corpus needs pandas; install it with: pip install 'serenade[report]'")

from serenade.corpora.checks import CorpusCheck, check_corpus
from serenade.corpora.corpus_table import new_table
from serenade.corpora.read import read_corpora, read_corpus
from serenade.corpora.registry import Corpus, licence_of, list_corpora, register_corpus
from serenade.corpora.speakers import assign_speakers, unknown_speakers
from serenade.corpora.split import PARTS, Split, count_folds, make_split, rows_of_corpus, suggest_split
from serenade.corpora.split_check import check_split
from serenade.corpora.split_registry import list_splits
from serenade.text_columns import use_python_strings

use_python_strings()

__all__ = [
    "PARTS",
    "Corpus",
    "CorpusCheck",
    "Split",
    "assign_speakers",
    "check_corpus",
    "check_split",
    "count_folds",
    "licence_of",
    "list_corpora",
    "list_splits",
    "make_split",
    "new_table",
    "read_corpora",
    "read_corpus",
    "register_corpus",
    "rows_of_corpus",
    "suggest_split",
    "unknown_speakers",
]
