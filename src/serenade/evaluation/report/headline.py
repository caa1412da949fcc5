"""The result of an evaluation in a few sentences, for the top of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serenade.evaluation.metric import METRICS
from serenade.evaluation.report.format import counted, interval, percent, with_deviation
from serenade.evaluation.report.warnings import independence

Metrics = Mapping[str, Any]


def title(metrics: Metrics) -> str:
    """Return the name of the model, else that of the run."""
    return str((metrics["model"] or {}).get("name") or metrics["run"] or "Evaluation")


def groups(metrics: Metrics) -> str:
    """Return what intervals resample: "speakers" or "dialogues"."""
    return f"{metrics['group']}s"


def summary_text(metrics: Metrics) -> str:
    """Return the result in a few sentences."""
    counts, mean = metrics["counts"], metrics["mean"]
    if not mean:
        return (
            f"The model predicted {counted(counts['clips'], 'clip')}. None of them has a label that the "
            "model knows, so no score can be computed. The predictions are below and in predictions.csv."
        )
    metric = METRICS[metrics["headline"]]
    who = {
        "dialogues": " in dialogues that are not in its training data (the speakers are)",
        "speakers": " who are not in its training data",
        "leaky": ", some of whom are in its training data",
        "checked": ", none of which it was trained on",
        "unknown": "",
    }[independence(metrics)]
    speakers = counted(counts["speakers"], "speaker") if counts["speakers"] else "unknown speakers"
    data = f"{counted(counts['scored'], 'clip')} of {speakers}{who}"
    value = mean[metrics["headline"]]
    bounds = "" if value["low"] is None else f" (95\N{NO-BREAK SPACE}% interval: {interval(value)})"
    if mean["over"]:
        text = f"The mean {metric.title} over {runs_text(metrics)} is {with_deviation(value)}{bounds}, "
        text += f"on {data}."
    else:
        text = f"On {data}, the model reaches a {metric.title} of {percent(value['value'])}{bounds}."
    baseline = metrics["baseline"]
    text += f" Always predicting “{baseline['label']}”, the most frequent emotion, gives "
    text += f"{percent(baseline[metric.name])}."
    for modality, values in metrics["without"].items():
        text += f" Without the {modality} the model reaches {percent(values[metric.name])}."
    if listeners := metrics["listeners"]:
        chosen = percent(listeners[metric.name])
        text += f" The emotion that most listeners chose, by the sound alone, gives {chosen}"
        if listeners["clips"] != counts["scored"]:
            text += f" on the {counted(listeners['clips'], 'clip')} for which it is known (the model there: "
            text += f"{percent(listeners['model'][metric.name])})"
        text += "."
    return text


def runs_text(metrics: Metrics) -> str:
    """Return what the mean is taken over, such as "5 folds (each the mean of 3 seeds)"."""
    mean = metrics["mean"]
    if mean["over"] == "fold":
        seeds = f" (each the mean of {counted(mean['seeds'], 'seed')})" if mean["seeds"] > 1 else ""
        return f"{counted(mean['folds'], 'fold')}{seeds}"
    return counted(mean["seeds"], "seed")


def pooled_text(metrics: Metrics) -> str:
    """Return which predictions the tables and figures of clips show."""
    if not metrics["mean"] or not metrics["mean"]["over"]:
        return ""
    mean, pooled = metrics["mean"], metrics["pooled"]
    which = []
    if mean["same_clips"]:
        which.append("the first fold")
    elif mean["folds"] > 1:
        which.append("all folds")
    if mean["seeds"] > 1:
        which.append(f"seed {pooled['seed']}")
    return f"one prediction per clip, {' and '.join(which)}"


def comparison_rows(metrics: Metrics) -> list[dict[str, Any]]:
    """Return the rows of the figure at the top: baseline, listeners, without sound or text, this model."""
    name = metrics["headline"]
    value = metrics["mean"][name]
    rows = [{"name": f"always “{metrics['baseline']['label']}”", "value": metrics["baseline"][name]}]
    if metrics["listeners"]:
        rows.append({"name": "listeners", "value": metrics["listeners"][name]})
    for modality, values in metrics["without"].items():
        rows.append({"name": f"without the {modality}", "value": values[name]})
    row = {"name": "this model", "value": value["value"], "model": True}
    return [*rows, row if value["low"] is None else row | {"low": value["low"], "high": value["high"]}]
