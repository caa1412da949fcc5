"""The most confident predictions of an evaluation are explained, and the report shows them."""

from __future__ import annotations

import json

import pytest

from serenade.errors import CorpusError
from serenade.evaluation.evaluate import Evaluation
from serenade.evaluation.explanations import explain_predictions
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.report import write_report


def test_correct_and_wrong_predictions_are_explained(evaluation: Evaluation) -> None:
    seen: list[tuple[int, int]] = []
    assert explain_predictions(evaluation, clips=3, progress=lambda *counts: seen.append(counts)) == 3
    folder = EvaluationFolder(evaluation.folder)
    content = folder.read_explanations()
    assert content is not None
    correct = [record["label"] == record["emotion"] for record in content["explanations"]]
    assert correct == [True, True, False]
    _, table = folder.read()
    confidence = table.set_index("id")["confidence"]
    for record in content["explanations"]:
        assert record["probability"] == pytest.approx(confidence[record["id"]], abs=1e-3)
    page = write_report(folder.path, audio=False).read_text(encoding="utf-8")
    assert page.count('<img src="data:image/png;base64,') == 3
    assert "What the model uses" in page
    assert page.count('alt="Occlusion of a clip predicted as ') == 3
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_explanations_of_other_predictions_are_not_shown(evaluation: Evaluation) -> None:
    explain_predictions(evaluation, clips=1)
    folder = EvaluationFolder(evaluation.folder)
    content = json.loads(folder.explanations.read_text())
    folder.explanations.write_text(json.dumps(content | {"predictions_sha256": ""}))
    with pytest.raises(CorpusError, match=r"explanations\.json: is not of these predictions"):
        write_report(folder.path)
    folder.start()
    assert not folder.explanations.exists()
    assert not folder.figure("explanation1").exists()
