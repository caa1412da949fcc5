"""The scores of one set of predictions: every metric, the scores of each class and the confusion matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.errors import CorpusError
from serenade.evaluation.confusion import Counts, confusion_matrix, label_pairs
from serenade.evaluation.metric import METRICS


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """`precision`, `recall` and `f1` (0–1) of one class, and `support`, its number of true clips."""

    precision: float
    recall: float
    f1: float
    support: int

    def to_dict(self) -> dict[str, float | int]:
        """Return the values by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1, "support": self.support}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """What follows from one confusion matrix.

    Attributes:
        labels: names of the classes, in the order of `confusion`.
        n: number of clips.
        values: value of each registered metric by name.
        per_class: scores of each class by name, in the order of `labels`.
        confusion: counts `[shape=(classes, classes)]`, rows true, columns predicted.
    """

    labels: tuple[str, ...]
    n: int
    values: Mapping[str, float]
    per_class: Mapping[str, ClassScores]
    confusion: NDArray[np.int64]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values: the metrics by name, the confusion matrix as rows of counts."""
        return {
            "labels": list(self.labels),
            "n": self.n,
            **self.values,
            "per_class": {label: scores.to_dict() for label, scores in self.per_class.items()},
            "confusion": self.confusion.tolist(),
        }


def metric_values(confusion: Counts) -> dict[str, float]:
    """Return the value of every registered metric of one confusion matrix.

    >>> metric_values(np.array([[2, 0], [0, 2]]))["accuracy"]
    1.0
    """
    return {name: float(METRICS[name](confusion)) for name in METRICS}


def score(true: Iterable[str], predicted: Iterable[str], labels: Sequence[str]) -> Scores:
    """Score predicted labels against true labels.

    Classes without a true clip are skipped in the UAR (as in scikit-learn's balanced accuracy) and, if never
    predicted either, in the macro F1. A precision or recall with a denominator of 0 is 0.

    Raises:
        CorpusError: no clips, lengths that differ, or a name that is not among `labels`.

    >>> scores = score(["anger", "anger", "fear"], ["anger", "fear", "fear"], ["anger", "fear"])
    >>> scores.values["uar"], round(scores.values["accuracy"], 3), scores.per_class["fear"].recall
    (0.75, 0.667, 1.0)
    """
    return scores_from_confusion(confusion_matrix(true, predicted, labels), labels)


def scores_from_confusion(confusion: NDArray[np.int64], labels: Sequence[str]) -> Scores:
    """Compute the scores of a confusion matrix `[shape=(classes, classes)]`, rows true, columns predicted.

    Raises:
        CorpusError: there is no clip in the matrix.

    >>> scores_from_confusion(np.array([[2, 0], [1, 1]]), ["anger", "fear"]).per_class["anger"].recall
    1.0
    """
    from sklearn.metrics import precision_recall_fscore_support

    if not confusion.sum():
        raise CorpusError("there is no labelled clip to score; check which part and which labels were chosen")
    true, predicted = label_pairs(confusion, range(len(labels)))
    columns = precision_recall_fscore_support(
        true, predicted, labels=list(range(len(labels))), zero_division=0
    )
    rows = zip(labels, *(column.tolist() for column in columns), strict=True)
    return Scores(
        labels=tuple(labels),
        n=int(confusion.sum()),
        values=metric_values(confusion),
        per_class={
            label: ClassScores(precision=precision, recall=recall, f1=f1, support=int(support))
            for label, precision, recall, f1, support in rows
        },
        confusion=confusion,
    )


def classification_report(confusion: NDArray[np.int64], labels: Sequence[str]) -> str:
    """Return scikit-learn's `classification_report` of a confusion matrix, with four digits.

    >>> print(classification_report(np.array([[1, 0], [1, 0]]), ["anger", "fear"]))
                  precision    recall  f1-score   support
    <BLANKLINE>
           anger     0.5000    1.0000    0.6667         1
            fear     0.0000    0.0000    0.0000         1
    <BLANKLINE>
        accuracy                         0.5000         2
       macro avg     0.2500    0.5000    0.3333         2
    weighted avg     0.2500    0.5000    0.3333         2
    <BLANKLINE>
    """
    from sklearn.metrics import classification_report as report

    true, predicted = label_pairs(confusion, labels)
    used = [label for label in labels if label in {*true, *predicted}]
    return str(report(true, predicted, labels=used, digits=4, zero_division=0))
