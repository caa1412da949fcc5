"""What is said about a table of predictions, held against the parts that say it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from serenade.errors import CorpusError
from serenade.evaluation.metrics import score
from serenade.evaluation.summary import checked, summarize

LABELS = ("anger", "fear", "neutral")


def summary(table: pd.DataFrame, **options) -> dict:
    return summarize(checked(table, LABELS), LABELS, rng=np.random.default_rng(0), **options)


def test_pooled_scores_and_intervals(predictions: pd.DataFrame) -> None:
    found = summary(predictions)
    expected = score(predictions["emotion"], predictions["predicted"], LABELS)
    assert found["pooled"]["uar"] == expected.uar
    for name in ("uar", "accuracy", "macro_f1", "weighted_f1"):
        bounds = found["pooled"]["intervals"][name]
        assert bounds["low"] < found["pooled"][name] < bounds["high"]
    assert sum(row["n"] for row in found["speakers"]) == 60
    assert found["spread"] is None
    json.dumps(found, allow_nan=False)


def test_spread_is_over_folds_of_the_means_of_seeds(made) -> None:
    parts = [
        made(30, seed=10 * fold + seed).assign(fold=fold, seed=seed) for fold in (1, 2, 3) for seed in (0, 1)
    ]
    found = summary(pd.concat(parts))
    uars = np.array([score(p["emotion"], p["predicted"], LABELS).uar for p in parts]).reshape(3, 2)
    assert [(run["fold"], run["seed"]) for run in found["runs"]] == [
        (f, s) for f in (1, 2, 3) for s in (0, 1)
    ]
    assert found["spread"]["over"] == "fold"
    assert found["spread"]["uar"]["mean"] == pytest.approx(uars.mean())
    assert found["spread"]["uar"]["std"] == pytest.approx(uars.mean(1).std(ddof=1))
    assert found["pooled"]["n"] == 180
    assert not found["spread"]["own_clips"]
    own = [part.assign(file=f"{i}" + part["file"]) for i, part in enumerate(parts)]
    assert summary(pd.concat(own))["spread"]["own_clips"]


def test_spread_is_over_seeds_where_there_is_one_fold(made) -> None:
    found = summary(pd.concat([made(30, seed=s).assign(seed=s) for s in range(3)]))
    assert (found["spread"]["over"], found["spread"]["seeds"]) == ("seed", 3)


def test_listeners_stand_beside_the_model_on_their_clips(predictions: pd.DataFrame) -> None:
    heard = predictions["emotion"].where(np.arange(60) % 2 == 0, "anger")
    found = summary(predictions.assign(listeners_emotion=heard.where(np.arange(60) < 40, "")))
    first = predictions.iloc[:40]
    assert found["listeners"]["clips"] == 40
    assert found["listeners"]["uar"] == score(first["emotion"], heard[:40], LABELS).uar
    assert found["listeners"]["model_uar"] == score(first["emotion"], first["predicted"], LABELS).uar


def test_a_tie_of_the_listeners_is_half_an_answer(predictions: pd.DataFrame) -> None:
    true = predictions["emotion"]
    other = true.map(dict(zip(LABELS, [*LABELS[1:], LABELS[0]], strict=True)))
    found = summary(predictions.assign(listeners_emotion=true + "|" + other))
    assert found["listeners"]["accuracy"] == pytest.approx(0.5)
    assert found["listeners"]["uar"] == pytest.approx(0.5)


def test_unlabelled_clips_are_counted_and_not_scored(predictions: pd.DataFrame) -> None:
    found = summary(predictions.assign(emotion=""))
    assert found["counts"]["unlabelled"] == 60
    assert found["pooled"] is None
    some = summary(predictions.assign(emotion=predictions["emotion"].where(predictions.index < 30, np.nan)))
    assert (some["counts"]["scored"], some["counts"]["unlabelled"]) == (30, 30)


def test_emotions_that_the_model_does_not_know_are_named(predictions: pd.DataFrame) -> None:
    found = summary(predictions.replace({"emotion": {"fear": "surprise"}}))
    assert found["counts"]["outside_labels"] == {"surprise": 20}
    assert found["pooled"]["n"] == 40


def test_one_speaker_gives_no_interval(predictions: pd.DataFrame) -> None:
    assert summary(predictions.assign(speaker="07"))["pooled"]["intervals"] == {}


def test_what_unsure_gives_up(predictions: pd.DataFrame) -> None:
    found = summary(predictions, unsure_below=0.5)["calibration"]
    sure = predictions["confidence"] >= 0.5
    right = predictions["emotion"] == predictions["predicted"]
    assert found["unsure_share"] == pytest.approx((~sure).mean())
    assert found["accuracy_when_sure"] == pytest.approx(right[sure].mean())
    assert found["accuracy_when_unsure"] == pytest.approx(right[~sure].mean())


def test_texts_stay_texts(predictions: pd.DataFrame) -> None:
    numbered = predictions.assign(speaker=[float("nan"), *range(59)])
    assert checked(numbered, LABELS)["speaker"].tolist()[0] == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="score_fear"), "lack the columns score_fear"),
        (lambda t: t.iloc[:0], "not one prediction"),
        (lambda t: t.assign(predicted="joy"), "'joy' are not among"),
        (lambda t: t.assign(score_fear=np.nan), "clip000.npy: has a score that is not a number"),
    ],
)
def test_tables_that_cannot_be(predictions: pd.DataFrame, change, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        checked(change(predictions), LABELS)
