"""An evaluation that is killed at any moment and run again leaves the files of one that was not."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from serenade.errors import CorpusError
from serenade.evaluation.evaluate import evaluate_predictions
from serenade.evaluation.folder import EvaluationFolder

LABELS = ("anger", "fear", "neutral")
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
CHECKSUM = re.compile(rb'"sha256": "\w{64}"')
KILLS = 10


def files_of(folder: Path) -> dict[str, bytes]:
    """The files by name, without times and what depends on them."""
    return {file.name: CHECKSUM.sub(b"", TIME.sub(b"", file.read_bytes())) for file in folder.iterdir()}


def evaluate(table: pd.DataFrame, out: Path) -> None:
    evaluate_predictions(table, labels=LABELS, out=out)


def evaluate_and_kill(table: pd.DataFrame, out: Path, *, after_s: float) -> None:
    child = os.fork()
    if child == 0:
        evaluate(table, out)
        os._exit(0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_files_are_those_of_an_evaluation_that_was_not_killed(
    tmp_path: Path, predictions: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The figures would take seconds each time; one is enough to be killed in.
    monkeypatch.setattr("serenade.evaluation.report.environment.to_svg", lambda figure, name: "<svg />")
    monkeypatch.setattr("serenade.evaluation.evaluate.figures.class_scores", lambda *_, **__: _small())
    for name in ("confusion_matrix", "reliability", "speaker_scores"):
        monkeypatch.setattr(f"serenade.evaluation.evaluate.figures.{name}", lambda *_, **__: _small())
    evaluate(predictions, tmp_path / "whole")  # with imports, which the killed ones inherit
    begin = time.monotonic()
    evaluate(predictions, tmp_path / "whole")
    duration_s = time.monotonic() - begin
    expected, rng = files_of(tmp_path / "whole"), np.random.default_rng(0)
    unfinished = 0
    for kill in range(KILLS):
        out = tmp_path / f"killed{kill}"
        # More early than late: on a busy machine the measured time can be twice that of the next evaluation.
        evaluate_and_kill(predictions, out, after_s=duration_s * rng.uniform(0, 1) ** 2)
        try:
            EvaluationFolder(out).read()
        except CorpusError:
            unfinished += 1
        evaluate(predictions, out)
        assert files_of(out) == expected
    assert unfinished >= 3


def _small() -> Figure:
    return Figure(figsize=(1, 1))
