"""Paired differences of runs: bootstrap over speakers, p-values and Holm's correction.

All runs are scored on the same draws of speakers (or dialogues), so that what makes a speaker easy or
difficult for every run cancels out of the difference (Bisani and Ney, "Bootstrap estimates for confidence
intervals in ASR performance evaluation", ICASSP 2004). Intervals and p-values are widened for the number of
groups, since those of a plain bootstrap are too small for few groups (the expanded percentile interval of
Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69, 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.evaluation.fold_runs import LEVEL, FoldRuns, draw_groups

DRAWS = 10_000
_CHUNK = 1000


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """The score of one run minus that of another, on the same clips.

    Attributes:
        first: name of a run.
        second: name of another run.
        value: score of `first` minus score of `second`.
        low: lower bound of the 95 % interval; None for a single speaker.
        high: upper bound.
        p: two-sided p-value of no difference; None for a single speaker.
        p_holm: `p` with Holm's correction for the number of pairs.
    """

    first: str
    second: str
    value: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name."""
        return asdict(self)


def paired_differences(
    runs: dict[str, FoldRuns], *, metric: str, rng: np.random.Generator, draws: int = DRAWS
) -> list[PairedDifference]:
    """Return the difference of each pair of runs.

    Args:
        runs: the counts of each run by its name, all over the same groups in the same order.
        metric: name of a metric.
        rng: source of the bootstrap samples.
        draws: number of bootstrap samples.
    """
    names, size = list(runs), len(next(iter(runs.values())).groups)
    values = {name: run.values()[metric] for name, run in runs.items()}
    samples = _samples(runs, metric=metric, rng=rng, draws=draws) if size > 1 else {}
    pairs = list(combinations(names, 2))
    ps = [p_value(samples[a] - samples[b], groups=size) for a, b in pairs] if samples else []
    corrected = holm(ps)
    found = []
    for number, (first, second) in enumerate(pairs):
        low = high = None
        if samples:
            low, high = interval(samples[first] - samples[second], groups=size)
        found.append(
            PairedDifference(
                first=first,
                second=second,
                value=values[first] - values[second],
                low=low,
                high=high,
                p=ps[number] if ps else None,
                p_holm=corrected[number] if ps else None,
            )
        )
    return found


def interval(differences: NDArray[np.float64], *, groups: int) -> tuple[float, float]:
    """Return the 95 % interval of a difference from its bootstrap samples.

    Args:
        differences: `[shape=(draws,)]`.
        groups: how many groups were resampled; at least 2.

    >>> low, high = interval(np.linspace(-1, 1, 1001), groups=1000)
    >>> round(low, 2), round(high, 2), interval(np.linspace(-1, 1, 1001), groups=5)[1] > 0.99
    (-0.95, 0.95, True)
    """
    from scipy.stats import norm, t

    tail = float(norm.cdf(_widening(groups) * t.ppf((1 - LEVEL) / 2, groups - 1)))
    low, high = np.quantile(differences, [tail, 1 - tail]).tolist()
    return low, high


def p_value(differences: NDArray[np.float64], *, groups: int) -> float:
    """Return the two-sided p-value of no difference from bootstrap samples of a difference.

    It is below 0.05 where `interval` does not contain 0. It is never below 2 / 2^groups, the smallest
    p-value of an exact paired test: with few groups every sample may have the same sign by chance.

    Args:
        differences: `[shape=(draws,)]`.
        groups: how many groups were resampled; at least 2.

    >>> p_value(np.zeros(999), groups=20), p_value(np.full(999, 0.1), groups=4)
    (1.0, 0.125)
    >>> round(p_value(np.linspace(-5, 95, 10_001), groups=1000), 2)
    0.1
    """
    from scipy.stats import norm, t

    tail = (1 + min((differences <= 0).sum(), (differences >= 0).sum())) / (1 + len(differences))
    p = 2 * t.cdf(norm.ppf(min(tail, 0.5)) / _widening(groups), groups - 1)
    return float(max(p, 2.0 ** (1 - groups)))


def _widening(groups: int) -> float:
    """The standard deviation of a mean relative to that of its bootstrap samples."""
    return float(np.sqrt(groups / (groups - 1)))


def holm(ps: Sequence[float]) -> list[float]:
    """Return p-values with the step-down correction of Holm (Scandinavian Journal of Statistics 6, 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(ps, kind="stable")
    steps = np.asarray(ps, dtype=np.float64)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in corrected]


def _samples(
    runs: dict[str, FoldRuns], *, metric: str, rng: np.random.Generator, draws: int
) -> dict[str, NDArray[np.float64]]:
    """The metric of each run for the same samples of groups, in chunks that fit into memory."""
    size = len(next(iter(runs.values())).groups)
    chunks: dict[str, list[NDArray[np.float64]]] = {name: [] for name in runs}
    for start in range(0, draws, _CHUNK):
        weights = draw_groups(size, rng=rng, draws=min(_CHUNK, draws - start))
        for name, run in runs.items():
            chunks[name].append(run.resampled(weights)[metric])
    return {name: np.concatenate(parts) for name, parts in chunks.items()}
