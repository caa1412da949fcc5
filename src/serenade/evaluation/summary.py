"""A table of predictions to everything that is said about it, as plain values: what `metrics.json` holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from serenade.errors import CorpusError
from serenade.evaluation.calibration import reliability
from serenade.evaluation.intervals import bootstrap_interval, group_confusions
from serenade.evaluation.metrics import METRICS, Scores, score, uar

REQUIRED = ("file", "source", "speaker", "emotion", "predicted", "confidence")
TEXT_COLUMNS = ("file", "source", "speaker", "emotion", "predicted", "listeners_emotion", "dialogue", "text")
LEADING = {"speaker": "uar", "dialogue": "weighted_f1"}
"""The figure that an evaluation is judged by, by what its split keeps apart: what others print too."""


def checked(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """The table with its texts as texts ("" where missing) and its columns in their order.

    Raises:
        CorpusError: no rows, a column is missing, a prediction is not among `labels`, or a score is not a
            number.
    """
    wanted = [*REQUIRED, *(f"score_{label}" for label in labels)]
    if missing := [name for name in wanted if name not in predictions.columns]:
        raise CorpusError(f"the predictions lack the columns {', '.join(missing)}")
    if predictions.empty:
        raise CorpusError(
            "there is not one prediction to evaluate; check which store and which part were chosen"
        )
    further = [name for name in predictions.columns if name not in wanted]
    table = predictions[[*wanted, *further]].reset_index(drop=True)
    for name in TEXT_COLUMNS:
        if name in table.columns:
            table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str)
    if foreign := sorted(set(table["predicted"]) - set(labels)):
        raise CorpusError(f"predictions {', '.join(map(repr, foreign))} are not among the model's labels")
    numbers = table[["confidence", *(f"score_{label}" for label in labels)]].to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers).all(1))[0])
        raise CorpusError("has a score that is not a number; the model is broken", file=table["file"][row])
    return table


def summarize(
    table: pd.DataFrame,
    labels: Sequence[str],
    *,
    rng: np.random.Generator,
    unsure_below: float = 0.0,
    apart: str = "speaker",
) -> dict[str, Any]:
    """Everything that a checked table of predictions tells, as JSON-able values.

    Args:
        table: of `checked`; may have `fold`, `seed` and `listeners_emotion`.
        labels: the model's labels, in order.
        rng: for the intervals.
        unsure_below: the model's threshold of `unsure`.
        apart: what the split keeps apart, "speaker" or "dialogue": the intervals are drawn over those.

    Returns:
        `labels`, `apart`, `leading` (the figure to judge by), `counts`, `pooled` (scores over all rows, with
        `intervals`), `runs` (one row a fold and seed) with their `spread`, `speakers`, `listeners`,
        `calibration`; None or empty where there is nothing to tell, as without one labelled clip.
    """
    known = table["emotion"].isin(list(labels))
    outside = table.loc[~known & (table["emotion"] != ""), "emotion"]
    scored = table[known]
    result: dict[str, Any] = {
        "labels": list(labels),
        "apart": apart,
        "leading": LEADING[apart],
        "counts": {
            "answers": len(table),
            "clips": int(table["file"].nunique()),
            "speakers": int(table.loc[table["speaker"] != "", "speaker"].nunique()),
            "dialogues": int(table["dialogue"].nunique()) if "dialogue" in table else 0,
            "scored": len(scored),
            "scored_clips": int(scored["file"].nunique()),
            "unlabelled": int((table["emotion"] == "").sum()),
            "outside_labels": {str(k): int(v) for k, v in outside.value_counts().sort_index().items()},
            "predicted": {label: int((table["predicted"] == label).sum()) for label in labels},
        },
        "pooled": None,
        "runs": [],
        "spread": None,
        "speakers": [],
        "listeners": None,
        "calibration": None,
    }
    if scored.empty:
        return result
    pooled = score(scored["emotion"], scored["predicted"], labels)
    groups = group_confusions(scored["emotion"], scored["predicted"], labels, groups=scored[apart])
    intervals = {}
    if len(groups) > 1:
        intervals = {
            name: bootstrap_interval(metric, groups.values(), rng=rng).to_dict()
            for name, metric in METRICS.items()
        }
    result["pooled"] = pooled.to_dict() | {"intervals": intervals}
    result["runs"] = _runs(scored, labels)
    result["spread"] = _spread(pd.DataFrame(result["runs"]), scored)
    result["speakers"] = [
        {"speaker": name, "n": int(counts.sum()), "uar": float(uar(counts))}
        for name, counts in groups.items()
        if apart == "speaker"
    ]
    result["listeners"] = _listeners(scored, labels)
    result["calibration"] = _calibration(scored, unsure_below)
    return result


def scores_of(table: pd.DataFrame, labels: Sequence[str]) -> dict[str, Any]:
    """The four figures of a checked table, all its labelled rows pooled."""
    scored = table[table["emotion"].isin(list(labels))]
    return _figures(score(scored["emotion"], scored["predicted"], labels))


def _runs(scored: pd.DataFrame, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Scores of each fold and seed, in their order; one row where there is but one run."""
    keys = [key for key in ("fold", "seed") if key in scored.columns]
    if not keys:
        return [_figures(score(scored["emotion"], scored["predicted"], labels))]
    rows = []
    for _, part in scored.groupby(keys, sort=True):
        names = {key: int(part[key].iloc[0]) for key in keys}
        rows.append(names | _figures(score(part["emotion"], part["predicted"], labels)))
    return rows


def _figures(scores: Scores) -> dict[str, Any]:
    return {"n": scores.n} | {name: getattr(scores, name) for name in METRICS}


def _spread(runs: pd.DataFrame, scored: pd.DataFrame) -> dict[str, Any] | None:
    """Mean ± sample standard deviation over folds (each the mean of its seeds), or over seeds if one fold."""
    folds = runs["fold"].nunique() if "fold" in runs else 1
    seeds = runs["seed"].nunique() if "seed" in runs else 1
    if folds == 1 and seeds == 1:
        return None
    over = "fold" if folds > 1 else "seed"
    means = runs.groupby(over)[list(METRICS)].mean()
    return {
        "over": over,
        "folds": int(folds),
        "seeds": int(seeds),
        # On a foreign store every fold's model answers for the same clips; in cross-validation for its own.
        "own_clips": bool(folds > 1 and scored.groupby("file")["fold"].nunique().max() == 1),
        **{
            name: {"mean": float(means[name].mean()), "std": float(means[name].std(ddof=1))}
            for name in METRICS
        },
    }


def _listeners(scored: pd.DataFrame, labels: Sequence[str]) -> dict[str, Any] | None:
    """How people did on the clips for which it is known what most of them heard, beside the model."""
    if "listeners_emotion" not in scored.columns:
        return None
    names = scored["listeners_emotion"].str.split("|")
    heard = scored[names.map(set(labels).issuperset)]
    if heard.empty:
        return None
    clips = heard.drop_duplicates("file")
    # Where as many heard one emotion as another ("fear|sadness"), each is half an answer.
    share = [
        (true in said) / len(said)
        for true, said in zip(clips["emotion"], clips["listeners_emotion"].str.split("|"), strict=True)
    ]
    recall = pd.Series(share, index=clips["emotion"]).groupby(level=0).mean()
    model = score(heard["emotion"], heard["predicted"], labels)
    return {
        "clips": len(clips),
        "accuracy": float(np.mean(share)),
        "uar": float(recall.mean()),
        "recall": {label: float(recall.get(label, 0.0)) for label in labels},
        "model_accuracy": model.accuracy,
        "model_uar": model.uar,
    }


def _calibration(scored: pd.DataFrame, unsure_below: float) -> dict[str, Any]:
    confidence = scored["confidence"].to_numpy(dtype=np.float64)
    right = (scored["emotion"] == scored["predicted"]).to_numpy()
    bins = reliability(confidence, right)
    kept = confidence >= unsure_below
    return {
        "ece": bins.ece,
        "mean_confidence": float(confidence.mean()),
        "accuracy": float(right.mean()),
        "bins": {
            "edges": bins.edges.tolist(),
            "counts": bins.counts.tolist(),
            "confidence": _none_for_nan(bins.confidence),
            "accuracy": _none_for_nan(bins.accuracy),
        },
        "unsure_below": unsure_below,
        "unsure_share": float((~kept).mean()),
        "accuracy_when_sure": float(right[kept].mean()) if kept.any() else None,
        "accuracy_when_unsure": float(right[~kept].mean()) if not kept.all() else None,
    }


def _none_for_nan(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
