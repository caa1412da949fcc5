"""Which epoch is the best by the dev metric, which is kept, and when training stops early."""

from __future__ import annotations

import math
from collections.abc import Sequence

from serenade.folders import EpochLog
from serenade.training.recipe import Recipe


def kept_epoch(log: Sequence[EpochLog], recipe: Recipe) -> EpochLog:
    """The figures of the epoch whose weights are kept."""
    best = recipe.training.checkpoint == "best"
    return log[best_epoch(log, recipe.training.monitor) - 1] if best else log[-1]


def best_epoch(log: Sequence[EpochLog], monitor: str) -> int:
    """The number of the first epoch that no later one exceeds in the metric `monitor`.

    >>> best_epoch([{"dev_loss": 0.9}, {"dev_loss": 0.7}, {"dev_loss": 0.8}], "dev_loss")
    2
    """
    return 1 + max(range(len(log)), key=lambda place: (dev_score(log[place], monitor), -place))


def dev_score(line: EpochLog, monitor: str) -> float:
    """The dev metric with the sign that makes more better; the worst possible where it is not finite."""
    value = -line[monitor] if monitor == "dev_loss" else line[monitor]
    return value if math.isfinite(value) else -math.inf


def stops_early(log: Sequence[EpochLog], recipe: Recipe) -> bool:
    """Whether the last `training.patience` epochs brought no improvement."""
    patience = recipe.training.early_stopping_patience
    if not patience or not log:
        return False
    return len(log) - best_epoch(log, recipe.training.monitor) >= patience
