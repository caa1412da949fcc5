from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serenade.inference.tokens import (
    FIRST_TOKEN,
    PADDING,
    UNKNOWN,
    Vocabulary,
    padded,
    tokenize,
    vocabulary_of,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don\u2019t you DARE!!", ["do", "n't", "you", "dare", "!", "!"]),
        ("I can't, we'll, they're", ["i", "ca", "n't", ",", "we", "'ll", ",", "they", "'re"]),
        ("Wait\u2026 what.... no.", ["wait", "...", "what", "...", "no", "."]),
        ("caf\u00e9 at 10:30", ["caf\u00e9", "at", "10", ":", "30"]),
        ("rock 'n' roll", ["rock", "'", "n", "'", "roll"]),
        (" \t\n", []),
    ],
)
def test_words_marks_and_contractions(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


@given(st.text(max_size=60))
def test_nothing_but_spaces_is_lost(text: str) -> None:
    vocabulary = Vocabulary(vocabulary_of([text], min_count=1))
    ids = vocabulary.ids(text)
    assert ids == [UNKNOWN] or min(ids) >= FIRST_TOKEN
    assert len(vocabulary) == FIRST_TOKEN + len(set(tokenize(text)))


def test_a_vocabulary_knows_what_is_common_and_its_order_is_fixed() -> None:
    texts = ["no no way", "oh no", "oh yes"]
    assert vocabulary_of(texts, min_count=2) == ("no", "oh")
    assert vocabulary_of(reversed(texts), min_count=2) == ("no", "oh")
    vocabulary = Vocabulary(("no", "oh"))
    assert vocabulary.ids("Oh, yes: no") == [3, UNKNOWN, UNKNOWN, UNKNOWN, 2]
    assert vocabulary.ids("") == [UNKNOWN]


def test_padding_is_on_the_right_and_every_text_has_a_token() -> None:
    tokens, lengths = padded([[4], [2, 3, 5]])
    assert tokens.tolist() == [[4, PADDING, PADDING], [2, 3, 5]]
    assert lengths.tolist() == [1, 3]
    assert tokens.dtype == lengths.dtype == np.int64
