"""A finished run in the files of the original CREMA-D trainer, with its file names and keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from serenade.errors import ModelError
from serenade.evaluation import figures
from serenade.evaluation.figures.style import PAPER, save_png
from serenade.evaluation.scores import classification_report
from serenade.files import write_whole
from serenade.folders import RunFolder
from serenade.networks.weights import load_network
from serenade.originals.cremad import figures as original_figures
from serenade.originals.cremad.weights import CLASSES, SPEC_KEY, spec_text, with_spec
from serenade.spec import Spec
from serenade.training.checkpoint import load_checkpoint, save_torch_file

FILES = (
    "best_model.pth",
    "final_model.pth",
    "training_history.pth",
    "training_history.png",
    "confusion_matrix.png",
    "classification_report.txt",
    "model_state_dict.pth",
    "entire_model.pth",
)
"""Files of the original trainer."""

_FIGURES = {
    "train_loss": "train_loss",
    "val_loss": "dev_loss",
    "train_acc": "train_accuracy",
    "val_acc": "dev_accuracy",
}


def write_original_files(run: Path, out: Path, *, metrics: Mapping[str, Any]) -> str:
    """Write `FILES` from a run of one fold and seed.

    The two checkpoints have one more key than the original's, `spec`; `model_state_dict.pth` has it in its
    metadata. `entire_model.pth` is a pickled module as in the original; serenade itself never loads it.

    Args:
        run: folder of a finished run.
        out: folder of the files.
        metrics: metrics of the run's evaluation (`Evaluation.metrics`).

    Returns:
        The classification report.

    Raises:
        ModelError: the run is unfinished, or its evaluation has no labelled clip.
        OutputError: `out` cannot be written to.
    """
    if not metrics["pooled"]:
        raise ModelError("no labelled clip was evaluated, so there is nothing to report", file=run)
    network, spec = load_network(run)
    history: list[dict[str, float]] = []
    folder = RunFolder(run)
    for name, source in (
        ("best_model.pth", folder.best_checkpoint),
        ("final_model.pth", folder.last_checkpoint),
    ):
        state = load_checkpoint(source)
        history = json.loads(state["history"])
        save_torch_file(out / name, _checkpoint(state, history[-1], spec))
    curves = {name: [line[ours] for line in history] for name, ours in _FIGURES.items()}
    save_torch_file(out / "training_history.pth", curves)
    save_png(original_figures.training_history(curves, theme=PAPER), out / "training_history.png")

    names = [CLASSES.get(label, label) for label in metrics["labels"]]
    confusion = np.array(metrics["pooled"]["confusion"])
    save_png(figures.confusion_matrix(confusion, names, theme=PAPER), out / "confusion_matrix.png")
    report = classification_report(confusion, names)
    with write_whole(out / "classification_report.txt") as text:
        text.write(report)

    with write_whole(out / "entire_model.pth", "wb") as file:
        torch.save(network, file)
    save_torch_file(out / "model_state_dict.pth", with_spec(network.state_dict(), spec))
    return report


def _checkpoint(state: Mapping[str, Any], line: Mapping[str, float], spec: Spec) -> dict[str, Any]:
    """Return the original's checkpoint: the evaluated weights, and the figures of their epoch."""
    return {
        "epoch": int(line["epoch"]),
        "model_state_dict": state["kept"],
        "optimizer_state_dict": state["optimizers"][0],
        **{name: line[ours] for name, ours in _FIGURES.items()},
        SPEC_KEY: spec_text(spec),
    }
