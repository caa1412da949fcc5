"""The mean of a metric over the fold runs of a training, with its standard deviation and interval.

A fold run is one combination of fold and seed: one trained model with the clips that it was scored on. The
mean over folds, each the mean of its seeds, is what one model of this recipe is expected to score.

Intervals resample whole speakers. Clips of one speaker rise and fall together, so resampling clips gives
intervals that are far too narrow (Bengio and Mariéthoz, "A statistical significance test for person
authentication", Odyssey 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.evaluation.confusion import codes, ratio
from serenade.evaluation.metric import METRICS

DRAWS = 1000
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class MeanValue:
    """A metric, as a mean over fold runs.

    Attributes:
        value: mean over folds, each the mean of its seeds.
        std: standard deviation over folds, or over seeds if there is one fold; None for a single fold run.
        low: lower bound of the 95 % interval; None for a single speaker.
        high: upper bound.
    """

    value: float
    std: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Return the values by name."""
        return {"value": self.value, "std": self.std, "low": self.low, "high": self.high}


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldRuns:
    """Confusion matrices of several fold runs, one for each speaker (or dialogue).

    Attributes:
        folds: number of the fold of each fold run `[shape=(runs,)]`.
        seeds: seed of each fold run `[shape=(runs,)]`.
        groups: names of the speakers or dialogues.
        counts: `[shape=(runs, groups, classes, classes)]`.

    >>> table = pd.DataFrame({"emotion": ["a", "b", "a", "b"], "predicted": ["a", "b", "a", "a"],
    ...                       "speaker": ["1", "1", "2", "2"], "fold": [1, 1, 2, 2]})
    >>> runs = FoldRuns.of(table, ["a", "b"])
    >>> runs.values()["uar"], runs.counts.shape
    (0.75, (2, 2, 2, 2))
    """

    folds: NDArray[np.int64]
    seeds: NDArray[np.int64]
    groups: tuple[str, ...]
    counts: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        labels: Sequence[str],
        *,
        group: str = "speaker",
        weights: NDArray[np.float64] | None = None,
    ) -> FoldRuns:
        """Count the predictions of a table.

        Args:
            table: one prediction per row, with `emotion`, `predicted` and, for several fold runs, `fold` and
                `seed`.
            labels: names of the classes.
            group: column that is resampled for intervals.
            weights: how much each row counts `[shape=(n,)]`; 1 if None.

        Raises:
            CorpusError: a label that is not among `labels`.
        """
        rows, columns = codes(table["emotion"], labels), codes(table["predicted"], labels)
        keys = pd.DataFrame({key: table.get(key, 0) for key in ("fold", "seed")}, index=table.index)
        keys = keys.astype("int64")
        runs = keys.drop_duplicates().sort_values(["fold", "seed"])
        run = pd.MultiIndex.from_frame(runs).get_indexer(pd.MultiIndex.from_frame(keys))
        groups, member = np.unique(table[group].astype(str).to_numpy(object), return_inverse=True)
        shape = (len(runs), len(groups), len(labels), len(labels))
        cells = np.ravel_multi_index((run, member, rows, columns), shape)
        counts = np.bincount(cells, weights=weights, minlength=int(np.prod(shape))).reshape(shape)
        return cls(
            folds=runs["fold"].to_numpy(np.int64),
            seeds=runs["seed"].to_numpy(np.int64),
            groups=tuple(groups.tolist()),
            counts=counts.astype(np.float64),
        )

    def values(self) -> dict[str, float]:
        """Return each metric by name: the mean over folds, each the mean of its seeds."""
        per_run = self.per_run()
        return {name: float(per_run.groupby("fold")[name].mean().mean()) for name in METRICS}

    def per_run(self) -> pd.DataFrame:
        """Return `fold`, `seed`, `n` and every metric of each fold run."""
        confusions = self.counts.sum(1)
        columns = {name: METRICS[name](confusions) for name in METRICS}
        n = confusions.sum((1, 2)).round().astype(np.int64)
        return pd.DataFrame({"fold": self.folds, "seed": self.seeds, "n": n, **columns})

    @property
    def over(self) -> str:
        """What the standard deviation is taken over: "fold", "seed", or "" for a single fold run."""
        if len(set(self.folds)) > 1:
            return "fold"
        return "seed" if len(set(self.seeds)) > 1 else ""

    def means(self, *, rng: np.random.Generator) -> dict[str, MeanValue]:
        """Return each metric by name, with its standard deviation and its interval.

        Args:
            rng: source of the bootstrap samples.
        """
        values, bounds = self.values(), self._intervals(rng)
        spread: dict[Any, Any] = {}
        if self.over:
            spread = dict(self.per_run().groupby(self.over)[list(METRICS)].mean().std(ddof=1))
        return {
            name: MeanValue(
                value=values[name],
                std=float(spread[name]) if spread else None,
                low=bounds[name][0] if bounds else None,
                high=bounds[name][1] if bounds else None,
            )
            for name in METRICS
        }

    def resampled(self, draws: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return each metric by name for samples of the groups `[shape=(draws,)]`.

        Args:
            draws: how often each group is in each sample `[shape=(draws, groups)]`, see `draw_groups`.
        """
        size = len(self.groups)
        sums = {name: np.zeros(len(draws)) for name in METRICS}
        whole = np.zeros(len(draws))
        for counts in self.counts:
            confusions = (draws @ counts.reshape(size, -1)).reshape(len(draws), *counts.shape[1:])
            members = (counts.sum((1, 2)) > 0).astype(np.float64)
            # A fold counts by the share of its speakers that is drawn, which may be 2 for a single one.
            share = draws @ members / members.sum()
            whole += share
            for name in METRICS:
                sums[name] += share * METRICS[name](confusions)
        return {name: ratio(total, whole) for name, total in sums.items()}

    def _intervals(self, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
        """Percentile intervals of the mean when groups are drawn with replacement; {} for one group."""
        if len(self.groups) < 2:
            return {}
        samples = self.resampled(draw_groups(len(self.groups), rng=rng))
        tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        bounds = {name: np.quantile(values, tails) for name, values in samples.items()}
        return {name: (float(low), float(high)) for name, (low, high) in bounds.items()}


def draw_groups(groups: int, *, rng: np.random.Generator, draws: int = DRAWS) -> NDArray[np.float64]:
    """Return how often each group is drawn, with replacement `[shape=(draws, groups)]`.

    To draw with replacement only changes how often each group counts, so a draw is a vector of weights.

    >>> draw_groups(3, rng=np.random.default_rng(0), draws=2).sum(1).tolist()
    [3.0, 3.0]
    """
    return rng.multinomial(groups, np.full(groups, 1 / groups), size=draws).astype(np.float64)
