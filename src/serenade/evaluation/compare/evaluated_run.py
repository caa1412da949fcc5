"""A run with its evaluation, and what tables of results state about it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.errors import CorpusError
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.metric import METRICS
from serenade.evaluation.report.format import counted
from serenade.folders import RunFolder
from serenade.text import printable

_PARTS = ("", "dev")
"""Where the evaluation of a run is looked for: that of test, else that of dev."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluatedRun:
    """A run with its evaluation.

    Attributes:
        path: the run folder or evaluation folder, absolute.
        metrics: content of `metrics.json`.
        predictions: one row per clip and fold run.
        recipe: the resolved recipe; {} if the run folder is missing.
        epochs: the largest number of epochs of a fold run; None if the run folder is missing.
        minutes: mean training time of one model, without features; None if the run folder is missing.
        parameters: number of weights in the file of one model, which does not contain those of a frozen
            pretrained encoder; None if there is no such file.
    """

    path: Path
    metrics: dict[str, Any]
    predictions: pd.DataFrame
    recipe: Mapping[str, Any]
    epochs: int | None
    minutes: float | None
    parameters: int | None

    @classmethod
    def read(cls, path: Path) -> EvaluatedRun:
        """Read a run with its evaluation on test (on dev, if there is none on test), or an evaluation.

        Raises:
            CorpusError: there is no evaluation, or it is damaged or has no scores.
            RunError: a file of the run is damaged.
        """
        folder = evaluation_of(path)
        metrics, predictions = folder.read()
        if not metrics["mean"]:
            raise CorpusError("has no scores, because no clip has a label; it cannot be compared", file=path)
        run = RunFolder((folder.path / metrics["run_path"]).resolve()) if metrics["run_path"] else None
        summary = run.read_summary() if run and run.summary.is_file() else None
        recipe = tomllib.loads(run.read_recipe_text()) if run and run.recipe.is_file() else {}
        runs = summary.fold_runs if summary else ()
        return cls(
            path=path.resolve(),
            metrics=metrics,
            predictions=predictions,
            recipe=recipe,
            epochs=max((each.epochs for each in runs), default=None),
            minutes=sum(each.seconds for each in runs) / 60 / len(runs) if runs else None,
            parameters=_parameters(run) if run else None,
        )

    @property
    def name(self) -> str:
        """The name of the folder."""
        return printable(self.path.name)

    @property
    def split(self) -> str:
        """Name of the split; "" if the run folder is missing."""
        return str(self.recipe.get("data", {}).get("split", ""))

    def describe(self) -> dict[str, str]:
        """Return what a table of results states about the run, by column, in Markdown."""
        data, mean, metrics = self.recipe.get("data", {}), self.metrics["mean"], self.metrics
        name = self.recipe.get("name", self.name)
        teacher = data.get("distill_from")
        pooled = METRICS[metrics["headline"]]
        listeners = metrics["listeners"]
        planned = self.recipe.get("training", {}).get("epochs")
        return {
            "corpus": ", ".join(metrics["corpora"]),
            "recipe": f"`{name}`" + (f", distilled from `{Path(teacher).name}`" if teacher else ""),
            "split": f"`{self.split}`" + _remark(self.split, data.get("split_corpus", "")),
            "network": f"`{self.recipe.get('network', {}).get('name', '')}`",
            "models": f"{counted(mean['folds'], 'fold')}, {counted(mean['seeds'], 'seed')}",
            "epochs": "" if self.epochs is None else f"{self.epochs} of {planned}",
            "evaluated on": f"{metrics['part']}, {metrics['counts']['scored']:,} clips",
            **{f"mean {METRICS[name].title} %": mean_text(mean[name]) for name in METRICS},
            "pooled": f"{pooled.title} {100 * metrics['pooled'][pooled.name]:.1f}" if mean["over"] else "",
            "listeners": f"accuracy {listeners['accuracy']:.1%}" if listeners else "",
            "parameters": "" if self.parameters is None else f"{self.parameters:,}",
            "minutes per model": "" if self.minutes is None else f"{self.minutes:.1f}",
        }


def mean_text(value: Mapping[str, Any]) -> str:
    """Return a mean ± its standard deviation in percent; of a single model, its score with the interval.

    >>> mean_text({"value": 0.642, "std": 0.033, "low": 0.6, "high": 0.7})
    '64.2 ± 3.3'
    >>> mean_text({"value": 0.642, "std": None, "low": 0.6, "high": 0.7})
    '64.2 (60.0–70.0)'
    """
    text = f"{100 * value['value']:.1f}"
    if value["std"] is not None:
        return f"{text} ± {100 * value['std']:.1f}"
    return text if value["low"] is None else f"{text} ({100 * value['low']:.1f}–{100 * value['high']:.1f})"


def evaluation_of(path: Path) -> EvaluationFolder:
    """Return the evaluation that a run folder or an evaluation folder means: on test, else on dev.

    Raises:
        CorpusError: there is none.
    """
    if not path.is_dir():
        raise CorpusError("there is no such folder; name a run or an evaluation", file=path)
    if EvaluationFolder(path).metrics.is_file():
        return EvaluationFolder(path)
    for part in _PARTS:
        folder = EvaluationFolder(RunFolder(path).evaluation / part)
        if folder.metrics.is_file():
            return folder
    raise CorpusError("has no evaluation; run serenade evaluate first", file=path)


def _remark(split: str, split_corpus: str) -> str:
    """What must be known about the split."""
    if "leaky" in split:
        return " **leaks on purpose**"
    return ", other corpora in train" if split_corpus else ""


def _parameters(run: RunFolder) -> int | None:
    """The number of weights of one model, read from the header of its file."""
    from safetensors import SafetensorError, safe_open

    weights = run.fold_runs()[0].model.weights
    if not weights.is_file():
        return None
    try:
        with safe_open(weights, framework="numpy") as file:
            shapes = [file.get_slice(name).get_shape() for name in sorted(file.keys())]
    except SafetensorError:
        return None
    return int(sum(math.prod(shape) for shape in shapes))
