"""How the evaluated clips relate to the training data, and what makes the scores misleading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serenade.evaluation.report.format import counted, listed

Metrics = Mapping[str, Any]


def independence(metrics: Metrics) -> str:
    """Return how the evaluated clips relate to the training data.

    "leaky": they share speakers, dialogues or clips; "speakers": other speakers of the run's store;
    "dialogues": other dialogues; "checked": another store, training clips left out; "unknown": it cannot be
    checked.
    """
    name = str((metrics["model"] or {}).get("split", {}).get("name", ""))
    shared = "shared_dialogues" if metrics["group"] == "dialogue" else "shared_speakers"
    if "leaky" in name or any(split[shared] or split["shared_sources"] for split in metrics["splits"]):
        return "leaky"
    if (other := metrics["training_clips"]) is not None:
        if not other["known"]:
            return "unknown"
        return "leaky" if other["included"] and any(run["found"] for run in other["runs"]) else "checked"
    if not metrics["splits"]:
        return "unknown"
    return "dialogues" if metrics["group"] == "dialogue" else "speakers"


def warnings(metrics: Metrics) -> list[str]:
    """Return what makes the scores misleading, one sentence or two each."""
    found = []
    other = metrics["training_clips"]
    if independence(metrics) == "leaky":
        shared = f"{metrics['group']}s"
        cause = "the model was trained on some of these clips, which were included on request"
        if other is None or not other["included"]:
            cause = f"the split shares {shared} or recordings between train and test"
        found.append(
            f"The scores are too high: {cause}. Do not compare them with those of a split that keeps "
            f"{shared} apart."
        )
    if other is not None and not other["known"]:
        found.append(
            "The model has no list of what it was trained on (trained_on.json), so it cannot be checked "
            "whether clips or speakers of its training are among these clips. If they are, the scores "
            "are too high."
        )
    if constant := metrics["constant"]:
        names = listed(sorted({f"“{run['label']}”" for run in constant}))
        subject = "The model predicts"
        if len(metrics["runs"]) > 1:
            subject = f"{len(constant)} of {len(metrics['runs'])} models predict"
        found.append(
            f"{subject} {names} for every clip: the model does not distinguish the emotions. Train "
            "for more epochs (training.epochs in the recipe) or with another learning rate "
            "(training.learning_rate), and check the labels with serenade inspect."
        )
    return found


def left_out_text(metrics: Metrics) -> str:
    """Return how many clips of other data were left out because the model was trained on them."""
    other = metrics["training_clips"]
    if other is None or not other["known"] or other["included"]:
        return ""
    runs = other["runs"]
    if not any(run["found"] for run in runs):
        return f"None of the {counted(other['clips'], 'clip')} is in the training data."
    by = {
        "sound": "the same sound",
        "source": "the same source clip",
        "speaker": "other clips of a speaker in the training data",
    }
    counts = {reason: sum(run[reason] for run in runs) / len(runs) for reason in by}
    reasons = listed([f"{count:,.0f} {by[reason]}" for reason, count in counts.items() if count])
    total = sum(run["found"] for run in runs) / len(runs)
    each = "" if len(runs) == 1 else "on average over the models, "
    return (
        f"Left out, because the model was trained on them: {each}{total:,.0f} of "
        f"{counted(other['clips'], 'clip')} ({reasons})."
    )
