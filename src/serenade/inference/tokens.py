"""Texts as token ids, for networks that take tokens.

Tokens are lower-cased words, with contractions split as in the Penn Treebank ("don't" is "do" and "n't"), and
single punctuation marks, because "!" and "..." depend on the emotion.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

PADDING, UNKNOWN = 0, 1
"""Ids of padding and of tokens that are not in the vocabulary."""

FIRST_TOKEN = 2
"""The id of the first token of a vocabulary."""

_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "..."})
_TOKEN = re.compile(
    r"""
    [^\W\d_]+(?=n't\b)      # do of don't
    | n't\b
    | '(?:s|m|re|ve|ll|d)\b # 'm of I'm
    | [^\W\d_]+             # a word
    | \d+
    | \.\.+                 # an ellipsis of any length
    | [^\w\s]               # any other mark
    """,
    re.VERBOSE,
)


def tokenize(text: str) -> list[str]:
    """The tokens of a text, in order.

    >>> tokenize("I\u2019m NOT sure... don't you?!")
    ['i', "'m", 'not', 'sure', '...', 'do', "n't", 'you', '?', '!']
    """
    tokens = _TOKEN.findall(text.translate(_QUOTES).lower())
    return ["..." if token.startswith("..") else token for token in tokens]


def vocabulary_of(texts: Iterable[str], *, min_count: int = 2) -> tuple[str, ...]:
    """The tokens that occur at least `min_count` times, most frequent first.

    >>> vocabulary_of(["no no", "oh no!", "oh!"])
    ('no', '!', 'oh')
    """
    counts = Counter(token for text in texts for token in tokenize(text))
    kept = [token for token, count in counts.items() if count >= min_count]
    return tuple(sorted(kept, key=lambda token: (-counts[token], token)))


class Vocabulary:
    """Tokens and their ids.

    Args:
        tokens: the first one has the id 2.

    >>> vocabulary = Vocabulary(("no", "!"))
    >>> len(vocabulary), vocabulary.ids("No way!")
    (4, [2, 1, 3])
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tuple(tokens)
        self._ids = {token: number for number, token in enumerate(self.tokens, start=FIRST_TOKEN)}

    def __len__(self) -> int:
        """Number of ids, with those of padding and unknown tokens."""
        return FIRST_TOKEN + len(self.tokens)

    def ids(self, text: str) -> list[int]:
        """The ids of a text's tokens; an empty text has one unknown token."""
        return [self._ids.get(token, UNKNOWN) for token in tokenize(text)] or [UNKNOWN]


def padded(ids: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lists of ids of different lengths as one array.

    Returns:
        tokens [shape=(texts, longest)] with `PADDING` on the right, and lengths [shape=(texts,)].

    >>> tokens, lengths = padded([[2], [3, 1]])
    >>> tokens.tolist(), lengths.tolist()
    ([[2, 0], [3, 1]], [1, 2])
    """
    lengths = np.array([len(text) for text in ids], np.int64)
    tokens = np.full((len(ids), int(lengths.max(initial=1))), PADDING, np.int64)
    for row, text in zip(tokens, ids, strict=True):
        row[: len(text)] = text
    return tokens, lengths
