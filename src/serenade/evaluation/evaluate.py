"""From a table of predictions to the evaluation folder: metrics, predictions, figures and the report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serenade.errors import OutputError
from serenade.evaluation import figures
from serenade.evaluation.figures.style import PAPER, save_png
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.predictions import checked
from serenade.evaluation.report import write_report
from serenade.evaluation.report.headline import pooled_text
from serenade.evaluation.run_info import describe_splits, read_logs
from serenade.evaluation.scores import classification_report
from serenade.evaluation.summary import summarize
from serenade.files import LOCK, lock, make_folder
from serenade.folders import RunFolder
from serenade.spec import Spec
from serenade.version import __version__


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The result of an evaluation.

    Attributes:
        folder: where its files are.
        metrics: the content of `metrics.json`.
        data: which clips were evaluated, in words.
        models: each evaluated model, with the values of `fold` and `seed` of its predictions.
        trim: whether silence at both ends of the clips was removed.
    """

    folder: Path
    metrics: dict[str, Any]
    data: str
    models: tuple[tuple[dict[str, int], Path], ...]
    trim: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return folder, metrics and data as JSON-able values."""
        return {"folder": str(self.folder), "metrics": self.metrics, "data": self.data}


def evaluate_predictions(
    predictions: pd.DataFrame,
    *,
    labels: Sequence[str],
    out: Path,
    spec: Spec | None = None,
    run: RunFolder | None = None,
    part: str = "",
    training_clips: Mapping[str, Any] | None = None,
    unusable: Mapping[str, int] | None = None,
    without: Mapping[str, pd.DataFrame] | None = None,
    rng: np.random.Generator | None = None,
    audio: bool = True,
) -> dict[str, Any]:
    """Write an evaluation folder: see `serenade.evaluation.folder.EvaluationFolder`.

    Without a labelled clip there is only `metrics.json` (with counts), `predictions.csv` and `report.html`.

    Args:
        predictions: one row per clip and fold run: `id, file, source, speaker, emotion` ("" = unlabelled),
            `predicted, confidence, score_<label>…`; optional `fold`, `seed`, `corpus`, `dialogue`, `start`,
            `end`, `text` and `listeners_emotion` (what most listeners chose, by the sound alone).
        labels: the model's labels, in order.
        out: the folder; files of an earlier evaluation in it are replaced.
        spec: of the model, for its threshold of `unsure`, its front end and the report.
        run: the run folder, for learning curves, splits and recipe.
        part: the part of the run's split that was evaluated; "" for another store.
        training_clips: for another store, which of its clips were left out because the model was trained on
            them: see `serenade.training.evaluate`.
        unusable: clips without a prediction: how many for which reason.
        without: predictions for the same rows with the sound, or the text, removed.
        rng: for the intervals; a fixed seed if None, so that the result is reproducible.
        audio: whether the report contains the sound of the most confident errors.

    Returns:
        The content of `metrics.json`: see `serenade.evaluation.summary.summarize`.

    Raises:
        CorpusError: the table lacks a column, has no rows, or holds impossible labels or scores.
        OutputError: `out` cannot be written, or another evaluation writes to it.
    """
    table = checked(predictions, labels)
    by_dialogue = spec is not None and spec.split.get("grouped_by") == "dialogue" and "dialogue" in table
    metrics = summarize(
        table,
        labels,
        rng=rng or np.random.default_rng(0),
        unsure_below=spec.unsure_below if spec else 0.0,
        group="dialogue" if by_dialogue else "speaker",
        without={name: checked(rows, labels) for name, rows in (without or {}).items()},
    )
    metrics |= {
        "model": spec.to_dict() if spec else None,
        "run": run.path.resolve().name if run else "",
        "run_path": os.path.relpath(run.path, out) if run else "",
        "corpora": sorted({str(name) for name in table["corpus"]} - {""}) if "corpus" in table else [],
        "part": part,
        "training_clips": dict(training_clips) if training_clips else None,
        "splits": describe_splits(run, table, own_store=bool(part)) if run else [],
        "unusable": {str(reason): int(count) for reason, count in (unusable or {}).items()},
        "own_test": _own_test(run, out) if run and not part else None,
        "serenade_version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    folder = EvaluationFolder(out)
    busy = OutputError("another serenade evaluate writes to this folder; wait until it has ended", file=out)
    with lock(make_folder(out) / LOCK, busy=busy):
        folder.start()
        folder.write_predictions(table)
        _write_figures(metrics, folder, run)
        folder.write_metrics(metrics)
        write_report(out, audio=audio)
    return metrics


def _own_test(run: RunFolder, out: Path) -> dict[str, Any] | None:
    """The headline and the calibration of the run on its own test part, if it was evaluated before."""
    own = EvaluationFolder(run.evaluation)
    if not own.metrics.is_file() or run.evaluation.resolve() == out.resolve():
        return None
    metrics, _ = own.read()
    if not metrics["mean"]:
        return None
    return {
        "corpora": metrics["corpora"],
        "metric": metrics["headline"],
        "value": metrics["mean"][metrics["headline"]]["value"],
        **{name: metrics["calibration"][name] for name in ("ece", "mean_confidence", "accuracy")},
    }


def _write_figures(metrics: Mapping[str, Any], folder: EvaluationFolder, run: RunFolder | None) -> None:
    drawn = {}
    if logs := read_logs(run) if run else {}:
        drawn["curves"] = figures.learning_curves(logs, theme=PAPER, metric=metrics["headline"])
    if metrics["pooled"]:
        pooled, labels = metrics["pooled"], metrics["labels"]
        confusion = np.array(pooled["confusion"])
        which = pooled_text(metrics)
        note = f"\n{which[0].upper()}{which[1:]}.\n" if which else ""
        folder.write_classification_report(classification_report(confusion, labels) + note)
        recall = (metrics["listeners"] or {}).get("recall")
        drawn["confusion_matrix"] = figures.confusion_matrix(confusion, labels, theme=PAPER)
        drawn["per_class"] = figures.class_scores(pooled["per_class"], theme=PAPER, listeners=recall)
        calibration = metrics["calibration"]
        drawn["reliability"] = figures.reliability(calibration, theme=PAPER)
        drawn["risk_coverage"] = figures.risk_coverage(
            calibration["risk_coverage"], rows=calibration["thresholds"], theme=PAPER
        )
        if len(metrics["speakers"]) > 1:
            rows = metrics["speakers"]
            drawn["speakers"] = figures.speaker_scores(rows, theme=PAPER, overall=pooled["uar"])
    for name, figure in drawn.items():
        save_png(figure, folder.figure(name))
