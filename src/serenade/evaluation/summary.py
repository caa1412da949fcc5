"""A table of predictions as the content of `metrics.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.evaluation.calibration import reliability, softmax
from serenade.evaluation.confusion import confusion_matrix
from serenade.evaluation.fold_runs import FoldRuns
from serenade.evaluation.groups import group_scores
from serenade.evaluation.listeners import listener_scores
from serenade.evaluation.metric import HEADLINE, METRICS
from serenade.evaluation.predictions import labelled, one_per_clip
from serenade.evaluation.scores import score
from serenade.evaluation.selective import risk_coverage, thresholds
from serenade.evaluation.uar_interval import uar_interval

MIN_CONSTANT = 10
"""For fewer clips a model may predict one class for all of them and still be a good one."""


def summarize(
    table: pd.DataFrame,
    labels: Sequence[str],
    *,
    rng: np.random.Generator,
    unsure_below: float = 0.0,
    group: str = "speaker",
    without: Mapping[str, pd.DataFrame] | None = None,
) -> dict[str, Any]:
    """Compute everything that follows from a checked table of predictions, as JSON-able values.

    Args:
        table: of `serenade.evaluation.predictions.checked`.
        labels: the model's labels, in order.
        rng: for the intervals.
        unsure_below: the model's threshold of `unsure`.
        group: what the split keeps apart, "speaker" or "dialogue": what intervals resample.
        without: checked predictions with the sound or the text removed.

    Returns:
        `labels`, `group`, `headline` (the metric to judge by), `counts`, `constant` (fold runs that predict
        one class for every clip) and, None or empty without a labelled clip:

        - `mean`: each metric as `value`, `std`, `low`, `high`: the mean over folds, each the mean of its
          seeds. `mean[headline]` is the result of the evaluation.
        - `runs`: `fold`, `seed`, `n` and every metric of each fold run.
        - `pooled`: scores, per-class scores and confusion matrix of one prediction per clip, all folds
          together. With several seeds these are the predictions of the first seed (`pooled["seed"]`).
        - `baseline`: the metrics of always predicting the most frequent class, averaged like `mean`.
        - `without`: the metrics with the sound or the text removed, averaged like `mean`.
        - `groups`: scores by attributes of the speakers, see `serenade.evaluation.groups`.
        - `listeners`, `speakers`, `calibration`: of one prediction per clip.
    """
    scored = labelled(table, labels)
    result: dict[str, Any] = {
        "labels": list(labels),
        "group": group,
        "headline": HEADLINE[group],
        "counts": _counts(table, scored, labels),
        "constant": _constant(table),
        "mean": None,
        "runs": [],
        "pooled": None,
        "baseline": None,
        "without": {},
        "speakers": [],
        "groups": {},
        "listeners": None,
        "calibration": None,
    }
    if scored.empty:
        return result
    runs, clips = FoldRuns.of(scored, labels, group=group), one_per_clip(scored)
    frequent = str(clips["emotion"].value_counts().reindex(list(labels)).idxmax())
    always = FoldRuns.of(scored.assign(predicted=frequent), labels, group=group)
    seeds = sorted(set(scored["seed"])) if "seed" in scored else []
    result |= {
        "mean": {
            "over": runs.over,
            "folds": len(set(runs.folds)),
            "seeds": len(set(runs.seeds)),
            # On another store the models of all folds may predict the same clips.
            "same_clips": "fold" in scored and bool(scored.groupby("id")["fold"].nunique().max() > 1),
            **{name: value.to_dict() for name, value in runs.means(rng=rng).items()},
        },
        "runs": _runs(runs.per_run(), table),
        "pooled": {
            "seed": int(seeds[0]) if seeds else None,
            **score(clips["emotion"], clips["predicted"], labels).to_dict(),
        },
        "baseline": {"label": frequent, **always.values()},
        "without": {
            name: FoldRuns.of(labelled(rows, labels), labels, group=group).values()
            for name, rows in (without or {}).items()
        },
        "speakers": _speakers(clips, labels) if group == "speaker" else [],
        "groups": group_scores(clips, labels, rng=rng, group=group),
        "listeners": listener_scores(scored, labels, group=group),
        "calibration": _calibration(clips, labels, unsure_below),
    }
    return result


def _counts(table: pd.DataFrame, scored: pd.DataFrame, labels: Sequence[str]) -> dict[str, Any]:
    """How many clips there are, and why some are not scored; every clip counts once."""
    clips = one_per_clip(table)
    outside = clips.loc[~clips["emotion"].isin([*labels, ""]), "emotion"].value_counts().sort_index()
    return {
        "predictions": len(table),
        "clips": len(clips),
        "speakers": int(clips.loc[clips["speaker"] != "", "speaker"].nunique()),
        "dialogues": int(clips["dialogue"].nunique()) if "dialogue" in clips else 0,
        "scored": int(scored["id"].nunique()),
        "unlabelled": int((clips["emotion"] == "").sum()),
        "outside_labels": {str(label): int(count) for label, count in outside.items()},
        "predicted": {label: int((clips["predicted"] == label).sum()) for label in labels},
    }


def _constant(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Fold runs that predict one class for every clip, though the clips have several."""
    keys = [key for key in ("fold", "seed") if key in table]
    parts = [rows for _, rows in table.groupby(keys, sort=True)] if keys else [table]
    return [
        {"label": str(rows["predicted"].iloc[0]), "clips": len(rows)}
        | {key: int(rows[key].iloc[0]) for key in keys}
        for rows in parts
        if rows["predicted"].nunique() == 1
        and len(rows) >= MIN_CONSTANT
        and (rows["emotion"] != rows["predicted"]).any()
    ]


def _runs(per_run: pd.DataFrame, table: pd.DataFrame) -> list[dict[str, Any]]:
    """The scores of each fold run, without `fold` or `seed` where the table has none."""
    missing = [key for key in ("fold", "seed") if key not in table]
    rows = per_run.drop(columns=missing).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _speakers(clips: pd.DataFrame, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Clips and UAR of each speaker, with the interval of the UAR."""
    found = []
    for name, rows in clips.groupby("speaker", sort=True):
        confusion = confusion_matrix(rows["emotion"], rows["predicted"], labels)
        low, high = uar_interval(confusion)
        uar = float(METRICS["uar"](confusion))
        found.append({"speaker": str(name), "n": len(rows), "uar": uar, "low": low, "high": high})
    return found


def _calibration(clips: pd.DataFrame, labels: Sequence[str], unsure_below: float) -> dict[str, Any]:
    """How well confidences match the accuracy, before and after calibration, and what `unsure` does.

    Each row counts with the threshold of its own model, if the table has it.
    """
    confidence = clips["confidence"].to_numpy(dtype=np.float64)
    right = (clips["emotion"] == clips["predicted"]).to_numpy()
    below = clips.get("unsure_below", pd.Series(unsure_below, index=clips.index)).to_numpy(dtype=np.float64)
    kept = confidence >= below
    return {
        **reliability(confidence, right).to_dict(),
        "uncalibrated": _uncalibrated(clips, labels, right),
        "mean_confidence": float(confidence.mean()),
        "accuracy": float(right.mean()),
        "unsure_below": float(below.mean()),
        "unsure_share": float((~kept).mean()),
        "accuracy_when_sure": float(right[kept].mean()) if kept.any() else None,
        "accuracy_when_unsure": float(right[~kept].mean()) if not kept.all() else None,
        "risk_coverage": risk_coverage(confidence, right),
        "thresholds": thresholds(confidence, right, clips["speaker"].to_list()),
    }


def _uncalibrated(
    clips: pd.DataFrame, labels: Sequence[str], right: NDArray[np.bool_]
) -> dict[str, Any] | None:
    """The reliability without temperature scaling; None if the temperature is not known."""
    if "temperature" not in clips:
        return None
    scores = clips[[f"score_{label}" for label in labels]].to_numpy(dtype=np.float64)
    temperature = clips["temperature"].to_numpy(dtype=np.float64)[:, None]
    # The logarithms of probabilities are the scaled logits, up to a constant of each row.
    confidence = softmax(temperature * np.log(np.maximum(scores, 1e-300))).max(1)
    return {**reliability(confidence, right).to_dict(), "mean_confidence": float(confidence.mean())}
