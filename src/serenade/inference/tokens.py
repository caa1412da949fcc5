"""Words of a text as numbers, without a library: what predicting needs of a network of text.

Lower-cased words, contractions cut as the Penn Treebank does ("don't" is "do" and "n't"), and every mark of
punctuation on its own, since "!" and "..." say much about emotion.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

PADDING, UNKNOWN = 0, 1
"""Ids that are no word; the first word of a vocabulary is 2."""

FIRST_WORD = 2

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
    """Words and marks of a text, in order.

    >>> tokenize("I\u2019m NOT sure... don't you?!")
    ['i', "'m", 'not', 'sure', '...', 'do', "n't", 'you', '?', '!']
    """
    tokens = _TOKEN.findall(text.translate(_QUOTES).lower())
    return ["..." if token.startswith("..") else token for token in tokens]


def vocabulary_of(texts: Iterable[str], *, min_count: int = 2) -> tuple[str, ...]:
    """The words seen at least `min_count` times, commonest first.

    >>> vocabulary_of(["no no", "oh no!", "oh!"])
    ('no', '!', 'oh')
    """
    counts = Counter(token for text in texts for token in tokenize(text))
    kept = [word for word, count in counts.items() if count >= min_count]
    return tuple(sorted(kept, key=lambda word: (-counts[word], word)))


class Vocabulary:
    """Words by number.

    Args:
        words: the first one has the id 2.

    >>> vocabulary = Vocabulary(("no", "!"))
    >>> len(vocabulary), vocabulary.ids("No way!")
    (4, [2, 1, 3])
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._ids = {word: number for number, word in enumerate(self.words, start=FIRST_WORD)}

    def __len__(self) -> int:
        """Ids in all, padding and unknown among them."""
        return FIRST_WORD + len(self.words)

    def ids(self, text: str) -> list[int]:
        """The ids of a text's tokens; of an empty text one unknown."""
        return [self._ids.get(token, UNKNOWN) for token in tokenize(text)] or [UNKNOWN]


def padded(ids: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Texts of different lengths as one array.

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
