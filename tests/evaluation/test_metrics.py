"""Every figure against scikit-learn's."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as golden

from serenade.errors import CorpusError
from serenade.evaluation.metrics import METRICS, confusion_matrix, score, scores_from_confusion, uar

LABELS = ("anger", "disgust", "fear", "happiness")
pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=60)


@given(pairs)
@settings(deadline=None, max_examples=30)
def test_figures_are_those_of_scikit_learn(answers: list[tuple[str, str]]) -> None:
    true, predicted = [a for a, _ in answers], [b for _, b in answers]
    scores = score(true, predicted, LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of the skipped classes
        expected = {
            "accuracy": golden.accuracy_score(true, predicted),
            "uar": golden.balanced_accuracy_score(true, predicted),
            "macro_f1": golden.f1_score(true, predicted, average="macro", zero_division=0),
            "weighted_f1": golden.f1_score(true, predicted, average="weighted", zero_division=0),
        }
    for name, value in expected.items():
        assert getattr(scores, name) == pytest.approx(value, abs=1e-12), name
    assert (scores.confusion == golden.confusion_matrix(true, predicted, labels=LABELS)).all()
    table = golden.precision_recall_fscore_support(true, predicted, labels=LABELS, zero_division=0)
    for label, precision, recall, f1, support in zip(LABELS, *table, strict=True):
        got = scores.per_class[label]
        assert (got.precision, got.recall, got.f1, got.support) == pytest.approx(
            (precision, recall, f1, support), abs=1e-12
        )


def test_floor_is_always_answering_the_most_frequent_class() -> None:
    true = ["fear"] * 5 + ["anger"] * 3 + ["disgust"] * 2
    floor = score(true, true, LABELS).floor
    always = ["fear"] * 10
    assert floor.label == "fear"
    assert floor.accuracy == golden.accuracy_score(true, always)
    assert floor.uar == pytest.approx(golden.balanced_accuracy_score(true, always))
    assert floor.weighted_f1 == pytest.approx(golden.f1_score(true, always, average="weighted"))


def test_a_class_without_clips_does_not_count_in_the_uar() -> None:
    assert score(["anger", "fear"], ["anger", "happiness"], LABELS).uar == 0.5


@pytest.mark.parametrize("name", METRICS)
def test_a_stack_of_matrices_gives_a_stack_of_figures(name: str) -> None:
    stack = np.random.default_rng(0).integers(0, 9, (7, 3, 4, 4))
    one_by_one = [[float(METRICS[name](matrix)) for matrix in row] for row in stack]
    np.testing.assert_allclose(METRICS[name](stack), one_by_one)


def test_an_empty_matrix_scores_zero_not_nan() -> None:
    assert float(uar(np.zeros((2, 2), dtype=np.int64))) == 0.0


def test_no_clips_is_an_error() -> None:
    with pytest.raises(CorpusError, match="not one labelled clip"):
        score([], [], LABELS)


def test_an_unknown_label_is_named() -> None:
    with pytest.raises(CorpusError, match="'surprise'"):
        score(["surprise"], ["anger"], LABELS)


def test_lengths_must_agree() -> None:
    with pytest.raises(CorpusError, match="2 true labels but 1 predicted"):
        confusion_matrix(["anger", "fear"], ["anger"], LABELS)


def test_to_dict_is_json() -> None:
    scores = scores_from_confusion(np.array([[2, 1], [0, 3]]), ("anger", "fear"))
    again = json.loads(json.dumps(scores.to_dict()))
    assert again["confusion"] == [[2, 1], [0, 3]]
    assert list(again["per_class"]) == ["anger", "fear"]
