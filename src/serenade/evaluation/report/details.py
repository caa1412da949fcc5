"""Sentences and rows of the sections of the report: calibration, confusions, splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serenade.evaluation.report.format import percent

Metrics = Mapping[str, Any]

GOOD_ECE = 0.05
"""Up to this calibration error the confidence is called a good estimate."""


def calibration_text(metrics: Metrics) -> str:
    """Return how well the confidence agrees with the accuracy."""
    values = metrics["calibration"]
    text = (
        f"The mean confidence is {percent(values['mean_confidence'], 0)} and the accuracy "
        f"{percent(values['accuracy'], 0)}. Over all levels of confidence the two differ by "
        f"{100 * values['ece']:.1f} percentage points on average (expected calibration error)"
    )
    if values["ece"] <= GOOD_ECE:
        return f"{text}: the confidence is a good estimate of how often the model is correct."
    excess = values["mean_confidence"] - values["accuracy"]
    if abs(excess) < values["ece"] / 2:
        return f"{text}: the model is overconfident at some levels and underconfident at others."
    return f"{text}: the model is {'overconfident' if excess > 0 else 'underconfident'}."


def confusions(metrics: Metrics, most: int = 3) -> list[str]:
    r"""Return the most frequent confusions, with their share of the true emotion's clips.

    >>> confusions({"labels": ["anger", "fear"], "pooled": {"confusion": [[5, 5], [0, 9]]}})
    ['anger predicted as fear (50\xa0%)']
    """
    if not metrics["pooled"]:
        return []
    rows, labels = metrics["pooled"]["confusion"], metrics["labels"]
    shares = [
        (count / sum(row), f"{labels[i]} predicted as {labels[j]}")
        for i, row in enumerate(rows)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return [f"{name} ({percent(share, 0)})" for share, name in sorted(shares, reverse=True)[:most]]


def split_rows(metrics: Metrics) -> list[dict[str, Any]]:
    """Return the splits of the fold runs, equal ones (the seeds of a fold) as one row with their `count`."""
    rows: list[dict[str, Any]] = []
    for split in metrics["splits"]:
        if rows and {**rows[-1], "name": "", "count": 1} == {**split, "name": "", "count": 1}:
            rows[-1]["count"] += 1
        else:
            rows.append({**split, "count": 1})
    return rows
