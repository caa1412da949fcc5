"""What every metric promises, and that one new module is all that a new metric needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serenade.evaluation.metric import HEADLINE, METRICS, headline_first

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "contributing" / "metric.md"
HOOK = ROOT / "scripts" / "docs_reference.py"
EVALUATE = """
import importlib.util, json, sys
import pandas as pd
import serenade.evaluation.metrics as package
from pathlib import Path

package.__path__.append(sys.argv[1])
from serenade.evaluation.evaluate import evaluate_predictions
from serenade.evaluation.report.terminal import terminal_lines

spec = importlib.util.spec_from_file_location("hooks", sys.argv[4])
hooks = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hooks)
docs = hooks.on_page_markdown("<!-- list metrics -->")
table = pd.read_csv(sys.argv[2], dtype={"speaker": str})
metrics = evaluate_predictions(table, labels=("anger", "fear", "neutral"), out=Path(sys.argv[3]))
print(json.dumps([metrics, terminal_lines(metrics), docs]))
"""


@pytest.mark.parametrize("name", METRICS)
def test_a_stack_of_matrices_gives_a_stack_of_values(name: str) -> None:
    stack = np.random.default_rng(0).integers(0, 9, (7, 3, 4, 4))
    one_by_one = [[float(METRICS[name](matrix)) for matrix in row] for row in stack]
    np.testing.assert_allclose(METRICS[name](stack), one_by_one)


@pytest.mark.parametrize("name", METRICS)
def test_perfect_predictions_score_one_and_an_empty_matrix_zero(name: str) -> None:
    assert float(METRICS[name](np.diag([3, 4, 0]))) == 1.0
    assert float(METRICS[name](np.zeros((2, 2), dtype=np.int64))) == 0.0


@pytest.mark.parametrize("name", METRICS)
def test_counts_may_be_fractions(name: str) -> None:
    counts = np.random.default_rng(0).integers(1, 9, (4, 4))
    assert float(METRICS[name](counts / 100)) == pytest.approx(float(METRICS[name](counts)))


@pytest.mark.parametrize("name", METRICS)
def test_is_described(name: str) -> None:
    metric = METRICS[name]
    assert metric.to_dict() == {"name": name, "title": metric.title, "description": metric.description}
    assert metric.description.endswith(".")


def test_the_headline_is_first() -> None:
    for name in HEADLINE.values():
        assert headline_first(name)[0].name == name
        assert {metric.name for metric in headline_first(name)} == set(METRICS)


def test_a_new_metric_is_one_new_module(tmp_path: Path, predictions: pd.DataFrame) -> None:
    package, table, out = tmp_path / "package", tmp_path / "table.csv", tmp_path / "out"
    package.mkdir()
    module = re.search(r"```python title=[^\n]*\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    (package / "lowest_recall.py").write_text(module[1], encoding="utf-8")
    predictions.to_csv(table, index=False)
    command = [sys.executable, "-c", EVALUATE, str(package), str(table), str(out), str(HOOK)]
    metrics, lines, docs = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    groups = predictions.groupby("emotion")
    expected = min((rows["predicted"] == label).mean() for label, rows in groups)
    mean = metrics["mean"]["lowest_recall"]
    assert mean["value"] == metrics["pooled"]["lowest_recall"] == pytest.approx(expected)
    assert mean["low"] < expected
    assert metrics["baseline"]["lowest_recall"] == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    for text in (" ".join(lines), docs, page):
        assert "lowest recall" in text
    assert "The recall of the worst class." in page
