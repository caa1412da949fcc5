"""The content of metrics.json."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from serenade.evaluation.calibration import softmax
from serenade.evaluation.metric import METRICS
from serenade.evaluation.predictions import checked
from serenade.evaluation.scores import score
from serenade.evaluation.summary import MIN_CONSTANT, summarize

LABELS = ("anger", "fear", "neutral")


def summary(table: pd.DataFrame, **options) -> dict:
    return summarize(checked(table, LABELS), LABELS, rng=np.random.default_rng(0), **options)


def cross_validation(synthetic, seeds: int = 2) -> list[pd.DataFrame]:
    """Two folds, each with 30 clips of its own."""
    return [
        synthetic(30, seed=10 * fold + seed).assign(
            id=lambda t, fold=fold: f"{fold}/" + t["id"], fold=fold, seed=seed
        )
        for fold in (1, 2)
        for seed in range(seeds)
    ]


def test_of_a_single_model_the_mean_is_its_score(predictions: pd.DataFrame) -> None:
    result = summary(predictions)
    expected = score(predictions["emotion"], predictions["predicted"], LABELS)
    for name in METRICS:
        value = result["mean"][name]
        assert value["value"] == result["pooled"][name] == expected.values[name]
        assert value["low"] < value["value"] < value["high"]
        assert value["std"] is None
    assert (result["headline"], result["mean"]["over"]) == ("uar", "")
    assert sum(row["n"] for row in result["speakers"]) == 60
    json.dumps(result, allow_nan=False)


def test_mean_and_pooled_are_apart(synthetic) -> None:
    tables = cross_validation(synthetic)
    result = summary(pd.concat(tables))
    uars = [score(t["emotion"], t["predicted"], LABELS).values["uar"] for t in tables]
    first = pd.concat([tables[0], tables[2]])
    assert result["mean"]["uar"]["value"] == pytest.approx(np.mean(uars))
    assert result["pooled"]["uar"] == score(first["emotion"], first["predicted"], LABELS).values["uar"]
    assert result["pooled"]["uar"] != result["mean"]["uar"]["value"]
    assert [(run["fold"], run["seed"], run["n"]) for run in result["runs"]] == [
        (1, 0, 30),
        (1, 1, 30),
        (2, 0, 30),
        (2, 1, 30),
    ]
    assert result["mean"] | {"over": "fold", "folds": 2, "seeds": 2, "same_clips": False} == result["mean"]


def test_every_clip_counts_once_in_pooled_figures(synthetic) -> None:
    result = summary(pd.concat(cross_validation(synthetic, seeds=3)))
    assert result["pooled"]["n"] == result["counts"]["clips"] == result["counts"]["scored"] == 60
    assert sum(row["support"] for row in result["pooled"]["per_class"].values()) == 60
    assert sum(result["calibration"]["bins"]["counts"]) == 60
    assert sum(row["n"] for row in result["speakers"]) == 60
    assert result["pooled"]["seed"] == 0
    assert result["counts"]["predictions"] == 180


def test_models_of_several_folds_on_the_same_clips(synthetic) -> None:
    result = summary(pd.concat([synthetic(30, seed=f).assign(fold=f) for f in (1, 2)]))
    assert result["mean"]["same_clips"]
    assert result["pooled"]["n"] == 30


def test_the_baseline_always_predicts_the_most_frequent_emotion() -> None:
    rows = pd.DataFrame({"emotion": ["fear"] * 5 + ["anger"] * 3 + ["neutral"] * 2})
    rows = rows.assign(id=range(10), file="", source="", speaker="1", predicted="anger", confidence=1.0)
    result = summary(rows.assign(score_anger=1.0, score_fear=0.0, score_neutral=0.0))
    always = score(rows["emotion"], ["fear"] * 10, LABELS)
    assert result["baseline"] == {"label": "fear", **always.values}


def test_without_a_modality(predictions: pd.DataFrame) -> None:
    result = summary(predictions, without={"text": checked(predictions.assign(predicted="fear"), LABELS)})
    assert result["without"]["text"]["uar"] == pytest.approx(1 / 3)


def test_listeners_are_scored_on_their_clips(predictions: pd.DataFrame) -> None:
    chosen = predictions["emotion"].where(np.arange(60) % 2 == 0, "anger")
    result = summary(predictions.assign(listeners_emotion=chosen.where(np.arange(60) < 40, "")))
    first = predictions.iloc[:40]
    expected = score(first["emotion"], chosen[:40], LABELS)
    assert result["listeners"]["clips"] == 40
    for name in METRICS:
        assert result["listeners"][name] == pytest.approx(expected.values[name])
    assert result["listeners"]["recall"]["fear"] == pytest.approx(expected.per_class["fear"].recall)
    model = score(first["emotion"], first["predicted"], LABELS)
    assert result["listeners"]["model"]["uar"] == pytest.approx(model.values["uar"])


def test_a_tie_of_the_listeners_counts_half(predictions: pd.DataFrame) -> None:
    true = predictions["emotion"]
    other = true.map(dict(zip(LABELS, [*LABELS[1:], LABELS[0]], strict=True)))
    listeners = summary(predictions.assign(listeners_emotion=true + "|" + other))["listeners"]
    assert listeners["accuracy"] == pytest.approx(0.5)
    assert listeners["uar"] == pytest.approx(0.5)
    assert listeners["recall"] == pytest.approx(dict.fromkeys(LABELS, 0.5))


def test_listeners_of_several_seeds_count_once(synthetic) -> None:
    tables = [synthetic(30, seed=s).assign(seed=s, listeners_emotion="fear") for s in range(2)]
    listeners = summary(pd.concat(tables))["listeners"]
    assert (listeners["clips"], listeners["recall"]["fear"]) == (30, 1.0)


def test_unlabelled_clips_are_counted_and_not_scored(predictions: pd.DataFrame) -> None:
    result = summary(predictions.assign(emotion=""))
    assert result["counts"]["unlabelled"] == 60
    assert (result["mean"], result["pooled"]) == (None, None)
    some = summary(predictions.assign(emotion=predictions["emotion"].where(predictions.index < 30, np.nan)))
    assert (some["counts"]["scored"], some["counts"]["unlabelled"]) == (30, 30)


def test_emotions_that_the_model_does_not_know_are_counted(predictions: pd.DataFrame) -> None:
    result = summary(predictions.replace({"emotion": {"fear": "surprise"}}))
    assert result["counts"]["outside_labels"] == {"surprise": 20}
    assert result["pooled"]["n"] == 40


def test_one_speaker_gives_no_interval(predictions: pd.DataFrame) -> None:
    assert summary(predictions.assign(speaker="07"))["mean"]["uar"]["low"] is None


def test_a_model_that_predicts_one_class_is_named(synthetic) -> None:
    one, two = synthetic(30).assign(seed=0), synthetic(30).assign(seed=1, predicted="fear")
    assert summary(one)["constant"] == []
    assert summary(pd.concat([one, two]))["constant"] == [{"label": "fear", "clips": 30, "seed": 1}]
    unlabelled = synthetic(30).assign(predicted="fear", emotion="")
    assert summary(unlabelled)["constant"] == [{"label": "fear", "clips": 30}]


def test_correct_or_few_predictions_of_one_class_are_no_fault(synthetic) -> None:
    assert summary(synthetic(30).assign(predicted="fear", emotion="fear"))["constant"] == []
    assert summary(synthetic(MIN_CONSTANT - 1).assign(predicted="fear"))["constant"] == []


def test_accuracy_of_unsure_predictions(predictions: pd.DataFrame) -> None:
    result = summary(predictions, unsure_below=0.5)["calibration"]
    sure = predictions["confidence"] >= 0.5
    correct = predictions["emotion"] == predictions["predicted"]
    assert result["unsure_share"] == pytest.approx((~sure).mean())
    assert result["accuracy_when_sure"] == pytest.approx(correct[sure].mean())
    assert result["accuracy_when_unsure"] == pytest.approx(correct[~sure].mean())


def test_the_confidence_before_calibration_is_that_of_temperature_1(predictions: pd.DataFrame) -> None:
    columns = [f"score_{label}" for label in LABELS]
    before = predictions[columns].to_numpy()
    scaled = softmax(np.log(before) / np.array([[0.5], [2.0]] * 30))
    table = predictions.assign(
        **dict(zip(columns, scaled.T, strict=True)), confidence=scaled.max(1), temperature=[0.5, 2.0] * 30
    )
    found, plain = summary(table)["calibration"], summary(predictions)["calibration"]
    assert found["uncalibrated"]["ece"] == pytest.approx(plain["ece"])
    assert found["ece"] != pytest.approx(plain["ece"], abs=0.01)
    assert plain["uncalibrated"] is None


def test_each_clip_is_unsure_by_the_threshold_of_its_own_model(predictions: pd.DataFrame) -> None:
    table = predictions.assign(unsure_below=[0.0, 1.1] * 30)
    result = summary(table, unsure_below=0.5)["calibration"]
    assert result["unsure_share"] == 0.5
