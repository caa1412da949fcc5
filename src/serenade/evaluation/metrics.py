"""Accuracy, UAR, F1 and the confusion matrix that they all come from.

Every figure is a function of confusion matrices `[shape=(..., classes, classes)]` (rows: true, columns:
predicted), so that a thousand resamplings cost one call (`serenade.evaluation.intervals`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.errors import CorpusError

Counts = NDArray[np.int64]
Metric = Callable[[Counts], NDArray[np.float64]]
"""From confusion matrices `[shape=(..., classes, classes)]` to one figure each `[shape=(...)]`."""

NAMES = {"uar": "UAR", "accuracy": "accuracy", "weighted_f1": "weighted F1", "macro_f1": "macro F1"}
"""What the figures are called before people."""


def accuracy(confusion: ArrayLike) -> NDArray[np.float64]:
    """Share of right answers `[shape=(...)]` of confusion matrices `[shape=(..., classes, classes)]`.

    >>> float(accuracy([[3, 1], [0, 0]]))
    0.75
    """
    counts = np.asarray(confusion)
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum((-2, -1)))


def uar(confusion: ArrayLike) -> NDArray[np.float64]:
    """Unweighted average recall `[shape=(...)]`: the mean over classes of the share found.

    A class with no true clip has no recall and is skipped, as in scikit-learn's `balanced_accuracy_score`.

    >>> float(uar([[3, 1, 0], [1, 1, 0], [0, 0, 0]]))
    0.625
    """
    counts = np.asarray(confusion)
    support = counts.sum(-1)
    recall = _ratio(np.diagonal(counts, axis1=-2, axis2=-1), support)
    return _ratio((recall * (support > 0)).sum(-1), (support > 0).sum(-1))


def macro_f1(confusion: ArrayLike) -> NDArray[np.float64]:
    """Mean F1 `[shape=(...)]` over the classes that occur among the true or the predicted.

    >>> float(macro_f1([[2, 0], [0, 2]]))
    1.0
    """
    counts = np.asarray(confusion)
    occurs = counts.sum(-1) + counts.sum(-2) > 0
    return _ratio((_f1(counts) * occurs).sum(-1), occurs.sum(-1))


def weighted_f1(confusion: ArrayLike) -> NDArray[np.float64]:
    """Mean F1 `[shape=(...)]`, each class weighted by its number of true clips.

    >>> float(weighted_f1([[2, 0], [0, 2]]))
    1.0
    """
    counts = np.asarray(confusion)
    support = counts.sum(-1)
    return _ratio((_f1(counts) * support).sum(-1), support.sum(-1))


METRICS: Mapping[str, Metric] = {
    "uar": uar,
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "weighted_f1": weighted_f1,
}
"""The four figures by the name that they have in `Scores` and `metrics.json`."""


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """How one class did: `precision`, `recall`, `f1` in 0–1 and `support`, its number of true clips."""

    precision: float
    recall: float
    f1: float
    support: int

    def to_dict(self) -> dict[str, float | int]:
        """As plain numbers by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1, "support": self.support}


@dataclass(frozen=True, kw_only=True)
class Floor:
    """What always answering `label`, the most frequent true class, would score on the same clips."""

    label: str
    accuracy: float
    uar: float
    macro_f1: float
    weighted_f1: float

    def to_dict(self) -> dict[str, str | float]:
        """As plain values by name."""
        return {
            "label": self.label,
            "accuracy": self.accuracy,
            "uar": self.uar,
            "macro_f1": self.macro_f1,
            "weighted_f1": self.weighted_f1,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Everything that one confusion matrix tells.

    Attributes:
        labels: names of the classes, in the order of `confusion`.
        n: number of clips.
        accuracy: share of right answers, 0–1.
        uar: mean recall over the classes that occur among the true ones.
        macro_f1: mean F1 over the classes that occur among the true or the predicted ones.
        weighted_f1: mean F1, weighted by support.
        per_class: scores of each class by name, in the order of `labels`.
        confusion: counts `[shape=(classes, classes)]`, rows true, columns predicted.
        floor: the score of always answering the most frequent class.
    """

    labels: tuple[str, ...]
    n: int
    accuracy: float
    uar: float
    macro_f1: float
    weighted_f1: float
    per_class: Mapping[str, ClassScores]
    confusion: Counts
    floor: Floor

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values; the confusion matrix as rows of counts."""
        return {
            "labels": list(self.labels),
            "n": self.n,
            "accuracy": self.accuracy,
            "uar": self.uar,
            "macro_f1": self.macro_f1,
            "weighted_f1": self.weighted_f1,
            "per_class": {label: scores.to_dict() for label, scores in self.per_class.items()},
            "confusion": self.confusion.tolist(),
            "floor": self.floor.to_dict(),
        }


def confusion_matrix(true: Iterable[str], predicted: Iterable[str], labels: Sequence[str]) -> Counts:
    """Counts `[shape=(classes, classes)]` of true (rows) against predicted (columns) labels.

    Raises:
        CorpusError: lengths differ, or a name is not among `labels`.

    >>> confusion_matrix(["a", "a", "b"], ["a", "b", "b"], ["a", "b"]).tolist()
    [[1, 1], [0, 1]]
    """
    rows, columns = codes(true, labels), codes(predicted, labels)
    if len(rows) != len(columns):
        raise CorpusError(
            f"{len(rows)} true labels but {len(columns)} predicted ones; give one of each a clip"
        )
    size = len(labels)
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)


def codes(names: Iterable[str], labels: Sequence[str]) -> Counts:
    """Place of each name in `labels` `[shape=(n,)]`.

    Raises:
        CorpusError: a name that is not among `labels`.

    >>> codes(["b", "a"], ["a", "b"]).tolist()
    [1, 0]
    """
    place = {label: index for index, label in enumerate(labels)}
    listed = list(names)
    if unknown := sorted({str(name) for name in listed if name not in place}):
        raise CorpusError(
            f"the labels {', '.join(map(repr, unknown))} are not among {', '.join(labels)}; "
            "leave those clips out or map their labels first"
        )
    return np.array([place[name] for name in listed], dtype=np.int64)


def score(true: Iterable[str], predicted: Iterable[str], labels: Sequence[str]) -> Scores:
    """Score predicted against true labels, by name.

    Classes with no true clip are skipped in the UAR (as scikit-learn's balanced accuracy does) and, when
    never predicted either, in the macro F1; a precision or recall of nothing is 0.

    Raises:
        CorpusError: no clips, lengths that differ, or a name that is not among `labels`.

    >>> scores = score(["anger", "anger", "fear"], ["anger", "fear", "fear"], ["anger", "fear"])
    >>> round(scores.uar, 3), round(scores.accuracy, 3), scores.per_class["fear"].recall
    (0.75, 0.667, 1.0)
    """
    return scores_from_confusion(confusion_matrix(true, predicted, labels), labels)


def scores_from_confusion(confusion: Counts, labels: Sequence[str]) -> Scores:
    """The same from counts `[shape=(classes, classes)]`, rows true, columns predicted.

    Raises:
        CorpusError: the matrix is empty of clips.

    >>> scores_from_confusion(np.array([[2, 0], [1, 1]]), ["anger", "fear"]).floor.label
    'anger'
    """
    n = int(confusion.sum())
    if n == 0:
        raise CorpusError(
            "there is not one labelled clip to score; check which part and which labels were chosen"
        )
    hits, support, answers = np.diagonal(confusion), confusion.sum(-1), confusion.sum(-2)
    precision, recall, f1 = _ratio(hits, answers), _ratio(hits, support), _f1(confusion)
    majority = int(support.argmax())
    always = np.zeros_like(confusion)
    always[:, majority] = support
    return Scores(
        labels=tuple(labels),
        n=n,
        per_class={
            label: ClassScores(
                precision=float(precision[i]),
                recall=float(recall[i]),
                f1=float(f1[i]),
                support=int(support[i]),
            )
            for i, label in enumerate(labels)
        },
        confusion=confusion,
        floor=Floor(
            label=labels[majority],
            **{name: float(metric(always)) for name, metric in METRICS.items()},
        ),
        **{name: float(metric(confusion)) for name, metric in METRICS.items()},
    )


def _f1(confusion: NDArray[Any]) -> NDArray[np.float64]:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _ratio(2 * hits, confusion.sum(-1) + confusion.sum(-2))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """`part / whole`, 0 where there is no whole."""
    return np.asarray(part / np.maximum(whole, 1), dtype=np.float64)
