"""From a table of predictions to the evaluation folder: numbers, table, figures and the page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serenade.evaluation import figures, provenance
from serenade.evaluation.classification_report import classification_report
from serenade.evaluation.metrics import scores_from_confusion
from serenade.evaluation.report import write_report
from serenade.evaluation.style import PAPER, save_png
from serenade.evaluation.summary import checked, scores_of, summarize
from serenade.files import make_folder, write_json, write_whole
from serenade.spec import Spec
from serenade.version import __version__


def evaluate_predictions(
    predictions: pd.DataFrame,
    *,
    labels: Sequence[str],
    out: Path,
    spec: Spec | None = None,
    run: Path | None = None,
    dropped: Mapping[str, int] | None = None,
    without: Mapping[str, pd.DataFrame] | None = None,
    rng: np.random.Generator | None = None,
    audio: bool = True,
) -> dict[str, Any]:
    """Write an evaluation folder.

    `metrics.json`, `predictions.csv`, `classification_report.txt`, `confusion_matrix.png`, `per_class.png`,
    `speakers.png`, `reliability.png`, `curves.png` (where a log is found) and `report.html`. Where not one
    clip is labelled, only `metrics.json` (counts), `predictions.csv` and `report.html`.

    Args:
        predictions: one row an answer: `file, source, speaker, emotion` ("" = unlabelled), `predicted,
            confidence, score_<label>…`; optional `fold`, `seed`, `listeners_emotion` (what most listeners of
            the sound alone heard), `duration_s`, `corpus`, `dialogue`, `start`, `end`.
        labels: the model's labels, in order.
        out: the folder; files of an earlier evaluation in it are replaced.
        spec: of the model, for the threshold of `unsure`, the front end and the page.
        run: the run folder (or the folder of several `fold1-seed0`), for curves, split and recipe.
        dropped: clips that were left out before the model saw them: how many for which reason.
        without: predictions of the same rows with the sound, or the text, withheld.
        rng: for the intervals; a fixed one if None, so that a report can be repeated.
        audio: whether the page carries the sound of the worst errors.

    Returns:
        The content of `metrics.json`: see `serenade.evaluation.summary.summarize`.

    Raises:
        CorpusError: the table lacks a column, has no rows, or holds labels or scores that cannot be.
        OutputError: `out` cannot be written.
    """
    table = checked(predictions, labels)
    unsure_below = spec.unsure_below if spec else 0.0
    apart = str(spec.split.get("grouped_by", "")) if spec else ""
    metrics = summarize(
        table,
        labels,
        rng=rng or np.random.default_rng(0),
        unsure_below=unsure_below,
        apart="dialogue" if apart == "dialogue" and "dialogue" in table else "speaker",
    )
    metrics |= {
        "without": {name: scores_of(checked(rows, labels), labels) for name, rows in (without or {}).items()},
        "model": spec.to_dict() if spec else None,
        "run": run.resolve().name if run else "",
        "run_at": os.path.relpath(run, out) if run else "",
        "corpora": sorted({str(name) for name in table["corpus"]} - {""}) if "corpus" in table else [],
        "splits": provenance.describe_splits(run, table) if run else [],
        "dropped": {str(reason): int(count) for reason, count in (dropped or {}).items()},
        "serenade_version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    make_folder(out)
    with write_whole(out / "predictions.csv") as file:
        table.to_csv(file, index=False)
    write_json(out / "metrics.json", metrics)
    _write_figures(metrics, out, run)
    write_report(out, audio=audio)
    return metrics


def _write_figures(metrics: Mapping[str, Any], out: Path, run: Path | None) -> None:
    if logs := provenance.read_logs(run) if run else {}:
        save_png(figures.curves(logs, theme=PAPER, score=metrics["leading"]), out / "curves.png")
    if not metrics["pooled"]:
        return
    pooled, labels = metrics["pooled"], metrics["labels"]
    scores = scores_from_confusion(np.array(pooled["confusion"]), labels)
    with write_whole(out / "classification_report.txt") as file:
        file.write(classification_report(scores))
    recall = (metrics["listeners"] or {}).get("recall")
    drawn = {
        "confusion_matrix": figures.confusion_matrix(scores.confusion, labels, theme=PAPER),
        "per_class": figures.per_class(pooled["per_class"], theme=PAPER, listeners=recall),
        "reliability": figures.reliability(metrics["calibration"]["bins"], theme=PAPER),
    }
    if len(metrics["speakers"]) > 1:
        drawn["speakers"] = figures.speakers(metrics["speakers"], theme=PAPER, mean=scores.uar)
    for name, figure in drawn.items():
        save_png(figure, out / f"{name}.png")
