"""A robustness evaluation scores the clips of an evaluation with the model that was evaluated on them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serenade.errors import CorpusError
from serenade.evaluation.evaluate import Evaluation
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.report import write_report
from serenade.evaluation.report.terminal import robustness_lines
from serenade.evaluation.robustness.conditions import conditions
from serenade.evaluation.robustness.measure import RobustnessOptions, evaluate_robustness


def test_clean_recordings_have_the_scores_of_the_evaluation(evaluation: Evaluation) -> None:
    seen: list[tuple[int, int]] = []
    content = evaluate_robustness(
        evaluation, options=RobustnessOptions(), progress=lambda *counts: seen.append(counts)
    )
    clean, *others = content["conditions"]
    assert content["same_predictions"] == 1.0
    assert clean["uar"]["value"] == pytest.approx(evaluation.metrics["mean"]["uar"]["value"])
    assert clean["ece"] == pytest.approx(evaluation.metrics["calibration"]["ece"], abs=1e-5)
    # The toy model measures level and peak, so another level changes its scores.
    by_name = {row["name"]: row for row in others}
    for name in ("level_down", "level_up"):
        assert abs(by_name[name]["mean_confidence"] - clean["mean_confidence"]) > 0.01
    assert len(others) == len(conditions(has_noises=False)) - 1
    assert seen == [(n, 12) for n in range(1, 13)]


def test_files_and_report(evaluation: Evaluation) -> None:
    content = evaluate_robustness(evaluation, options=RobustnessOptions(limit=5, jobs=2))
    folder = EvaluationFolder(evaluation.folder)
    assert (content["clips"], content["available"]) == (5, 12)
    table = pd.read_csv(folder.robustness_table)
    np.testing.assert_allclose(table["uar"], [row["uar"]["value"] for row in content["conditions"]])
    page = write_report(folder.path).read_text(encoding="utf-8")
    assert "<h2>Robustness</h2>" in page
    assert "5 clips of 12, drawn at random" in " ".join(page.split())
    assert folder.figure("robustness").is_file()
    lines = robustness_lines(content)
    assert len(lines) == 1 + len(table)
    assert "white noise, 20 dB" in lines[2]


def test_the_number_of_jobs_changes_nothing(evaluation: Evaluation) -> None:
    contents = [
        evaluate_robustness(evaluation, options=RobustnessOptions(limit=3, jobs=jobs)) for jobs in (1, 2)
    ]
    assert contents[0] == contents[1]


def test_results_of_other_predictions_are_not_shown(evaluation: Evaluation) -> None:
    evaluate_robustness(evaluation, options=RobustnessOptions(limit=2))
    folder = EvaluationFolder(evaluation.folder)
    content = json.loads(folder.robustness.read_text())
    folder.robustness.write_text(json.dumps(content | {"predictions_sha256": "0"}))
    with pytest.raises(CorpusError, match=r"robustness\.json: is not of these predictions"):
        write_report(folder.path)
    folder.robustness.write_text("{")
    with pytest.raises(CorpusError, match=r"robustness\.json: cannot be read"):
        write_report(folder.path)
    folder.start()
    assert not folder.robustness.exists()


def test_missing_recordings_are_named(evaluation: Evaluation, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"v\d\d\.wav: is not there.*--data DIR"):
        evaluate_robustness(evaluation, options=RobustnessOptions(data=tmp_path))
