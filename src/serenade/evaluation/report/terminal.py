"""The result of an evaluation as lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serenade.evaluation.metric import METRICS, headline_first
from serenade.evaluation.report import headline, warnings
from serenade.evaluation.report.format import (
    counted,
    interval,
    percent,
    points,
    printable_values,
    with_deviation,
)


def terminal_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Return the scores of `metrics.json` as lines: the headline, other metrics, comparisons, warnings."""
    metrics = printable_values(metrics)
    lines = [_data(metrics)]
    if left_out := warnings.left_out_text(metrics):
        lines.append(left_out)
    if metrics["mean"]:
        lines += _scores(metrics)
    else:
        lines.append("No clip has a label that the model knows, so there is no score; see predictions.csv.")
    plain = [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
    return plain + [f"Warning: {warning}" for warning in warnings.warnings(metrics)]


def robustness_lines(content: Mapping[str, Any]) -> list[str]:
    """Return the scores of `robustness.json` as lines, each with its difference to the clean recordings."""
    metric = METRICS[content["headline"]]
    clean = content["conditions"][0][metric.name]["value"]
    lines = [f"{metric.title} under recording conditions, {counted(content['clips'], 'clip')}:"]
    for row in content["conditions"]:
        name = row["title"] if row["snr_db"] is None else f"{row['title']}, {row['snr_db']} dB"
        value = row[metric.name]["value"]
        change = "" if row["name"] == "clean" else f" ({100 * (value - clean):+.1f})"
        lines.append(f"  {name}: {100 * value:.1f} %{change}")
    return lines


def _data(metrics: Mapping[str, Any]) -> str:
    counts = metrics["counts"]
    dialogues = f" in {counted(counts['dialogues'], 'dialogue')}" if metrics["group"] == "dialogue" else ""
    text = f"{counted(counts['clips'], 'clip')} of {counted(counts['speakers'], 'speaker')}{dialogues}"
    if counts["scored"] != counts["clips"]:
        text += f", {counts['scored']:,} of them with a label that the model knows"
    return text


def _scores(metrics: Mapping[str, Any]) -> list[str]:
    mean, pooled, baseline = metrics["mean"], metrics["pooled"], metrics["baseline"]
    first, *others = headline_first(metrics["headline"])
    value = mean[first.name]
    bounds = (
        ""
        if value["low"] is None
        else f"  (95 % interval over {headline.groups(metrics)}: {interval(value)})"
    )
    over = f", mean over {headline.runs_text(metrics)}" if mean["over"] else ""
    lines = [
        f"{first.title} {with_deviation(value)}{bounds}{over}",
        ", ".join(f"{metric.title} {with_deviation(mean[metric.name])}" for metric in others),
        f"always “{baseline['label']}”, the most frequent emotion: {first.title} "
        f"{percent(baseline[first.name])}, accuracy {percent(baseline['accuracy'])}",
    ]
    if mean["over"]:
        values = ", ".join(f"{metric.title} {percent(pooled[metric.name])}" for metric in (first, *others))
        lines.append(f"pooled ({headline.pooled_text(metrics)}): {values}")
    for modality, values in metrics["without"].items():
        lost = 100 * (value["value"] - values[first.name])
        change = f"{abs(lost):.1f} points {'lower' if lost > 0 else 'higher'}"
        lines.append(f"without the {modality}: {first.title} {percent(values[first.name])} ({change})")
    calibration = metrics["calibration"]
    before = calibration["uncalibrated"]
    lines.append(
        f"calibration error (ECE) {points(calibration['ece'])} points"
        + (f", before calibration {points(before['ece'])}" if before else "")
    )
    if own := metrics["own_test"]:
        lines.append(
            f"on the test part of its own data: {METRICS[own['metric']].title} {percent(own['value'])}, "
            f"calibration error {points(own['ece'])} points"
        )
    if listeners := metrics["listeners"]:
        lines.append(
            f"listeners, by the sound alone, on {counted(listeners['clips'], 'clip')}: "
            f"{first.title} {percent(listeners[first.name])}, accuracy {percent(listeners['accuracy'])}"
        )
    return lines
