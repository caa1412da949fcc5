"""Text alternatives of the figures, for screen readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serenade.evaluation.metric import METRICS
from serenade.evaluation.report.details import calibration_text, confusions
from serenade.evaluation.report.format import counted, listed, percent
from serenade.evaluation.report.headline import comparison_rows
from serenade.evaluation.threshold_curves import ThresholdCurves
from serenade.text import printable

Metrics = Mapping[str, Any]


def comparison(metrics: Metrics) -> str:
    """Describe the figure at the top."""
    rows = "; ".join(f"{row['name']} {percent(row['value'])}" for row in comparison_rows(metrics))
    return f"{METRICS[metrics['headline']].title}: {rows}."


def confusion_matrix(metrics: Metrics) -> str:
    """Describe the confusion matrix by its largest errors."""
    found = confusions(metrics)
    errors = f"Most frequent confusions: {listed(found)}." if found else "There are no errors."
    return f"Confusion matrix of {len(metrics['labels'])} emotions. {errors}"


def class_scores(metrics: Metrics) -> str:
    """Describe the bars of the classes."""
    classes = metrics["pooled"]["per_class"].items()
    return "Recall: " + ", ".join(f"{k} {percent(v['recall'], 0)}" for k, v in classes if v["support"]) + "."


def speaker_scores(metrics: Metrics) -> str:
    """Describe the dots of the speakers."""
    values = [row["uar"] for row in metrics["speakers"]]
    return f"UAR of {counted(len(values), 'speaker')}, from {percent(min(values))} to {percent(max(values))}."


def reliability(metrics: Metrics) -> str:
    """Describe the reliability diagram."""
    return f"Reliability diagram. {calibration_text(metrics)}"


def risk_coverage(metrics: Metrics) -> str:
    """Describe the risk-coverage curve by its end and its middle."""
    curve = metrics["calibration"]["risk_coverage"]
    half = min(range(len(curve["coverage"])), key=lambda i: abs(float(curve["coverage"][i]) - 0.5))
    return (
        f"Risk-coverage curve: {percent(curve['risk'][-1], 0)} of all predictions are wrong, and "
        f"{percent(curve['risk'][half], 0)} of the more confident half."
    )


def learning_curves(logs: Mapping[str, Sequence[Mapping[str, float]]], metric: str) -> str:
    """Describe the learning curves."""
    longest = max(len(lines) for lines in logs.values())
    models = counted(len(logs), "model")
    return f"Loss, dev {METRICS[metric].title} and learning rate of {models}, over up to {longest} epochs."


def spectrogram(row: Mapping[str, Any]) -> str:
    """Describe the spectrogram of an error."""
    return f"Log-mel spectrogram of a clip of {row['emotion']}, predicted as {row['predicted']}."


def robustness(content: Mapping[str, Any]) -> str:
    """Describe the scores under recording conditions by the worst one."""
    name = content["headline"]
    clean, *others = content["conditions"]
    worst = min(others, key=lambda row: float(row[name]["value"]))
    snr = "" if worst["snr_db"] is None else f" at {worst['snr_db']} dB"
    return (
        f"{METRICS[name].title} under {len(others)} recording conditions: clean "
        f"{percent(clean[name]['value'])}, lowest {percent(worst[name]['value'])} ({worst['title']}{snr})."
    )


def speaker_curve(content: Mapping[str, Any]) -> str:
    """Describe a learning curve by its ends."""
    first, last = content["points"][0], content["points"][-1]
    return (
        f"{METRICS[content['metric']].title} on test by the number of training speakers: "
        f"{percent(first['mean'])} with {first['speakers']}, {percent(last['mean'])} with {last['speakers']}."
    )


def explanation(record: Mapping[str, Any]) -> str:
    """Describe an explanation by the step of time that matters most."""
    drops = record["drop_over_time"]
    best = max(range(len(drops)), key=lambda i: float(drops[i]))
    start, end = record["edges_s"][best : best + 2]
    return (
        f"Occlusion of a clip predicted as {printable(record['emotion'])}: removing {start:.1f} to "
        f"{end:.1f} s lowers its probability most, by {100 * drops[best]:.0f} points."
    )


def threshold_curves(curves: Sequence[ThresholdCurves]) -> str:
    """Describe the ROC, precision-recall and DET curves."""
    areas = ", ".join(f"{each.label} {each.auc:.2f}" for each in curves)
    return f"ROC, precision-recall and DET curves; area under the ROC curve: {areas}"
