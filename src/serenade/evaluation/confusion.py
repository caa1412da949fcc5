"""Confusion matrices, from which every metric is computed.

A metric is a function of confusion matrices `[shape=(..., classes, classes)]` (rows: true, columns:
predicted), so that a thousand bootstrap samples cost one call (`serenade.evaluation.fold_runs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from serenade.errors import CorpusError

Label = TypeVar("Label", str, int)
Counts = NDArray[np.int64] | NDArray[np.float64]


def codes(names: Iterable[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """Return the index of each name in `labels` `[shape=(n,)]`.

    Raises:
        CorpusError: a name that is not among `labels`.

    >>> codes(["b", "a"], ["a", "b"]).tolist()
    [1, 0]
    """
    index = {label: number for number, label in enumerate(labels)}
    given = list(names)
    if unknown := sorted({str(name) for name in given if name not in index}):
        raise CorpusError(
            f"the labels {', '.join(map(repr, unknown))} are not among {', '.join(labels)}; "
            "leave those clips out or map their labels first"
        )
    return np.array([index[name] for name in given], dtype=np.int64)


def confusion_matrix(
    true: Iterable[str], predicted: Iterable[str], labels: Sequence[str]
) -> NDArray[np.int64]:
    """Return counts `[shape=(classes, classes)]` of true (rows) and predicted (columns) labels.

    Raises:
        CorpusError: lengths differ, or a name is not among `labels`.

    >>> confusion_matrix(["a", "a", "b"], ["a", "b", "b"], ["a", "b"]).tolist()
    [[1, 1], [0, 1]]
    """
    rows, columns = codes(true, labels), codes(predicted, labels)
    if len(rows) != len(columns):
        raise CorpusError(
            f"there are {len(rows)} true labels and {len(columns)} predicted ones; pass one of each per clip"
        )
    size = len(labels)
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)


def label_pairs(confusion: NDArray[np.int64], labels: Sequence[Label]) -> tuple[list[Label], list[Label]]:
    """Return true and predicted labels with these counts, for functions that take labels.

    >>> label_pairs(np.array([[1, 1], [0, 1]]), ["a", "b"])
    (['a', 'a', 'b'], ['a', 'b', 'b'])
    """
    rows, columns = np.indices(confusion.shape).reshape(2, -1)
    names = np.array(labels, dtype=object)
    true, predicted = (np.repeat(names[of], confusion.ravel()).tolist() for of in (rows, columns))
    return true, predicted


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """Return `part / whole`, and 0 where `whole` is 0.

    >>> ratio(np.array([1, 0]), np.array([2, 0])).tolist()
    [0.5, 0.0]
    """
    part, whole = np.broadcast_arrays(part, whole)
    quotient = np.zeros(whole.shape)
    np.divide(part, whole, out=quotient, where=whole > 0)
    return quotient


def class_f1(confusion: Counts) -> NDArray[np.float64]:
    """Return the F1 of each class `[shape=(..., classes)]`.

    >>> class_f1(np.array([[2, 0], [1, 1]])).round(2).tolist()
    [0.8, 0.67]
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return ratio(2 * hits, confusion.sum(-1) + confusion.sum(-2))
