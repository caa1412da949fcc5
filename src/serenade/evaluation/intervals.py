"""How far a figure would move with other speakers: 95 % intervals by resampling whole speakers.

Clips of one speaker rise and fall together, so resampling clips gives intervals that are far too narrow
(Bengio and Mariéthoz, "A statistical significance test for person authentication", Odyssey 2004).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from serenade.errors import CorpusError
from serenade.evaluation.metrics import Counts, Metric, codes


@dataclass(frozen=True)
class Interval:
    """Bounds `low` and `high` of a figure, in the figure's own unit."""

    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """As plain numbers by name."""
        return {"low": self.low, "high": self.high}


def group_confusions(
    true: Iterable[str], predicted: Iterable[str], labels: Sequence[str], *, groups: Iterable[str]
) -> dict[str, Counts]:
    """One confusion matrix `[shape=(classes, classes)]` for each group (speaker or dialogue), by its name.

    Raises:
        CorpusError: lengths differ, or a name is not among `labels`.

    >>> {k: v.tolist() for k, v in group_confusions(["x"], ["x"], ["x"], groups=["1001"]).items()}
    {'1001': [[1]]}
    """
    rows, columns = codes(true, labels), codes(predicted, labels)
    names, member = np.unique(np.array([str(group) for group in groups]), return_inverse=True)
    if not len(rows) == len(columns) == len(member):
        raise CorpusError(f"{len(rows)} true labels, {len(columns)} predicted ones and {len(member)} groups")
    size = len(labels)
    cells = np.bincount((member * size + rows) * size + columns, minlength=len(names) * size * size)
    return dict(zip(names.tolist(), cells.reshape(len(names), size, size), strict=True))


def bootstrap_interval(
    metric: Metric, groups: Iterable[Counts], *, rng: np.random.Generator, n: int = 1000, level: float = 0.95
) -> Interval:
    """Percentile interval of `metric` when whole groups are drawn anew, with replacement.

    Args:
        metric: one of `serenade.evaluation.metrics.METRICS`.
        groups: a confusion matrix `[shape=(classes, classes)]` per speaker or dialogue
            (the values of `group_confusions`).
        rng: where the randomness comes from.
        n: how many times the groups are drawn.
        level: share of the draws that the interval holds.

    Raises:
        CorpusError: fewer than two groups, from which no spread can be learned.

    >>> from serenade.evaluation.metrics import uar
    >>> two = [np.array([[9, 1], [5, 5]]), np.array([[6, 4], [0, 10]])]
    >>> bootstrap_interval(uar, two, rng=np.random.default_rng(0))
    Interval(low=0.7, high=0.8)
    """
    stack = np.stack(list(groups))
    if len(stack) < 2:
        raise CorpusError("an interval over speakers needs two speakers or more; evaluate on more of them")
    # Drawing with replacement only changes how often each group counts, so a draw is a vector of weights.
    weights = rng.multinomial(len(stack), np.full(len(stack), 1 / len(stack)), size=n)
    draws = (weights @ stack.reshape(len(stack), -1)).reshape(n, *stack.shape[1:])
    low, high = np.quantile(metric(draws), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
