"""Scores of classes and the classification report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as expected

from serenade.errors import CorpusError
from serenade.evaluation.metric import METRICS
from serenade.evaluation.scores import classification_report, score, scores_from_confusion

LABELS = ("anger", "a_label_longer_than_weighted_avg", "fear", "neutral")


def random_labels(seed: int, size: int = 40, classes: int = 4) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    return rng.choice(LABELS[:classes], size).tolist(), rng.choice(LABELS[:classes], size).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_per_class_scores_are_those_of_scikit_learn(seed: int) -> None:
    true, predicted = random_labels(seed, classes=3)
    scores = score(true, predicted, LABELS)
    table = expected.precision_recall_fscore_support(true, predicted, labels=LABELS, zero_division=0)
    for label, *values in zip(LABELS, *table, strict=True):
        row = scores.per_class[label]
        assert [row.precision, row.recall, row.f1, row.support] == pytest.approx(values, abs=1e-12)


def test_has_every_metric() -> None:
    assert set(score(["fear"], ["fear"], LABELS).values) == set(METRICS)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="layout of `classification_report.txt`",
    verdict="equal",
    note="scikit-learn's, with four digits.",
)
def test_the_report_is_that_of_scikit_learn(seed: int) -> None:
    true, predicted = random_labels(seed)
    text = classification_report(score(true, predicted, sorted(LABELS)).confusion, sorted(LABELS))
    assert text == expected.classification_report(true, predicted, digits=4, zero_division=0)


def test_the_report_names_only_classes_that_occur() -> None:
    text = classification_report(score(["fear"], ["anger"], LABELS).confusion, LABELS)
    assert "neutral" not in text
    assert "anger" in text


def test_no_clips_is_an_error() -> None:
    with pytest.raises(CorpusError, match="no labelled clip"):
        score([], [], LABELS)


def test_to_dict_is_json() -> None:
    scores = scores_from_confusion(np.array([[2, 1], [0, 3]]), ("anger", "fear"))
    again = json.loads(json.dumps(scores.to_dict()))
    assert again["confusion"] == [[2, 1], [0, 3]]
    assert list(again["per_class"]) == ["anger", "fear"]
    assert again["uar"] == scores.values["uar"]
