"""Confusion matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix as expected_matrix

from serenade.errors import CorpusError
from serenade.evaluation.confusion import confusion_matrix, label_pairs

LABELS = ("anger", "disgust", "fear", "happiness")
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=60)


@given(PAIRS)
def test_counts_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    true, predicted = [a for a, _ in pairs], [b for _, b in pairs]
    counts = confusion_matrix(true, predicted, LABELS)
    assert (counts == expected_matrix(true, predicted, labels=LABELS)).all()
    assert (confusion_matrix(*label_pairs(counts, LABELS), LABELS) == counts).all()


def test_an_unknown_label_is_named() -> None:
    with pytest.raises(CorpusError, match="'surprise'"):
        confusion_matrix(["surprise"], ["anger"], LABELS)


def test_lengths_must_agree() -> None:
    with pytest.raises(CorpusError, match="2 true labels and 1 predicted"):
        confusion_matrix(["anger", "fear"], ["anger"], LABELS)


def test_pairs_of_numbers() -> None:
    assert label_pairs(np.array([[0, 1], [1, 0]]), [0, 1]) == ([0, 1], [1, 0])
