"""The registry of metrics: what an evaluation computes, shows in the report and prints.

A new metric is one new module in `serenade.evaluation.metrics` that calls `register_metric`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serenade.errors import CorpusError
from serenade.registry import Registry

Function = TypeVar("Function", bound=Callable[[ArrayLike], NDArray[np.float64]])


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure between 0 and 1 (1 is best) that is a function of the confusion matrix.

    Attributes:
        name: key in `metrics.json`, such as "weighted_f1".
        title: name in tables and figures, such as "weighted F1".
        description: one sentence that defines it.
        function: from confusion matrices `[shape=(..., classes, classes)]`, rows true, columns predicted, to
            one value each `[shape=(...)]`. Counts may be fractions.
    """

    name: str
    title: str
    description: str
    function: Callable[[ArrayLike], NDArray[np.float64]]

    def __call__(self, confusion: ArrayLike) -> NDArray[np.float64]:
        """Compute the metric of confusion matrices."""
        return self.function(confusion)

    def to_dict(self) -> dict[str, str]:
        """Return name, title and description."""
        return {"name": self.name, "title": self.title, "description": self.description}


METRICS = Registry[Metric]("metric", packages=("serenade.evaluation.metrics",), error=CorpusError)
"""Metrics by name.

>>> list(METRICS)
['accuracy', 'macro_f1', 'uar', 'weighted_f1']
>>> METRICS["uar"].title, float(METRICS["uar"]([[3, 1], [1, 1]]))
('UAR', 0.625)
"""

HEADLINE = {"speaker": "uar", "dialogue": "weighted_f1"}
"""The metric that a result is judged by, by what the split keeps apart: the one that papers report."""


def register_metric(name: str, *, title: str, description: str) -> Callable[[Function], Function]:
    """Return a decorator that registers a function of confusion matrices as a metric."""

    def register(function: Function) -> Function:
        METRICS.add(name, Metric(name=name, title=title, description=description, function=function))
        return function

    return register


def headline_first(headline: str) -> list[Metric]:
    """Return all metrics, the headline first and the others by name.

    >>> [metric.title for metric in headline_first("uar")]
    ['UAR', 'accuracy', 'macro F1', 'weighted F1']
    """
    return [METRICS[name] for name in (headline, *(name for name in METRICS if name != headline))]
