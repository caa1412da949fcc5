"""Means over folds and seeds, and intervals over speakers: against plain loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from serenade.evaluation.confusion import confusion_matrix
from serenade.evaluation.fold_runs import FoldRuns
from serenade.evaluation.metric import METRICS

LABELS = ("anger", "fear", "neutral")


def predictions(spread: float, *, speakers: int = 12, clips: int = 30, folds: int = 1) -> pd.DataFrame:
    """Speakers whose accuracy differs by `spread`, in equal folds."""
    rng = np.random.default_rng(1)
    true = rng.choice(LABELS, size=speakers * clips)
    speaker = np.repeat(np.arange(speakers), clips)
    accuracy = np.repeat(0.6 + spread * rng.uniform(-1, 1, speakers), clips)
    predicted = np.where(rng.random(len(true)) < accuracy, true, rng.choice(LABELS, size=len(true)))
    names = [f"s{number:02d}" for number in speaker]
    columns = {"emotion": true, "predicted": predicted, "speaker": names, "fold": 1 + speaker % folds}
    return pd.DataFrame(columns)


def value(table: pd.DataFrame, name: str) -> float:
    return float(METRICS[name](confusion_matrix(table["emotion"], table["predicted"], LABELS)))


def means(table: pd.DataFrame, seed: int = 0) -> dict:
    return FoldRuns.of(table, LABELS).means(rng=np.random.default_rng(seed))


def test_counts_add_up_and_are_per_speaker() -> None:
    table = predictions(0.2)
    runs = FoldRuns.of(table, LABELS)
    assert runs.groups == tuple(sorted(set(table["speaker"])))
    one = table[table["speaker"] == "s03"]
    expected = confusion_matrix(one["emotion"], one["predicted"], LABELS)
    assert (runs.counts[0, 3] == expected).all()
    assert runs.counts.sum() == len(table)


@pytest.mark.parametrize("name", METRICS)
def test_the_mean_is_over_folds_of_the_means_of_their_seeds(name: str) -> None:
    tables = [
        predictions(0.2, clips=5 + fold + seed).assign(fold=fold, seed=seed)
        for fold in (1, 2, 3)
        for seed in (0, 1)
    ]
    result = means(pd.concat(tables, ignore_index=True))[name]
    values = np.array([value(table, name) for table in tables]).reshape(3, 2)
    assert result.value == pytest.approx(values.mean())
    assert result.std == pytest.approx(values.mean(1).std(ddof=1))


def test_with_one_fold_the_deviation_is_over_seeds() -> None:
    tables = [predictions(0.2, clips=5 + seed).assign(seed=seed) for seed in range(3)]
    runs = FoldRuns.of(pd.concat(tables, ignore_index=True), LABELS)
    assert runs.over == "seed"
    values = [value(table, "uar") for table in tables]
    assert runs.means(rng=np.random.default_rng(0))["uar"].std == pytest.approx(np.std(values, ddof=1))


def test_a_single_run_has_no_deviation() -> None:
    assert means(predictions(0.2))["uar"].std is None


@pytest.mark.parametrize("folds", [1, 3, 12])
@pytest.mark.parametrize("name", METRICS)
def test_the_interval_is_that_of_redrawing_the_clips_of_speakers_in_a_loop(name: str, folds: int) -> None:
    table = predictions(0.3, folds=folds)
    interval = means(table, seed=5)[name]
    speakers, rng, values = sorted(set(table["speaker"])), np.random.default_rng(6), []
    by_speaker = {speaker: rows for speaker, rows in table.groupby("speaker")}
    for _ in range(300):
        drawn = pd.concat([by_speaker[speaker] for speaker in rng.choice(speakers, size=len(speakers))])
        scores = [(value(rows, name), len(rows)) for _, rows in drawn.groupby("fold")]
        values.append(np.average([s for s, _ in scores], weights=[n for _, n in scores]))
    low, high = np.quantile(values, [0.025, 0.975])
    assert interval.low == pytest.approx(low, abs=0.025)
    assert interval.high == pytest.approx(high, abs=0.025)


def test_models_of_several_folds_on_the_same_clips_have_the_interval_of_one() -> None:
    table = predictions(0.3)
    twice = pd.concat([table.assign(fold=1), table.assign(fold=2)], ignore_index=True)
    one, two = means(table)["uar"], means(twice)["uar"]
    assert (two.value, two.low, two.high) == pytest.approx((one.value, one.low, one.high))


def test_speakers_who_differ_widen_the_interval() -> None:
    one, two = (means(predictions(spread))["uar"] for spread in (0.0, 0.4))
    assert two.high - two.low > 1.5 * (one.high - one.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    table = predictions(0.2)
    assert means(table, seed=3) == means(table, seed=3)
    assert means(table, seed=3) != means(table, seed=4)


def test_one_speaker_has_no_interval() -> None:
    result = means(predictions(0.2, speakers=1))["uar"]
    assert (result.low, result.high) == (None, None)
    assert result.to_dict()["value"] == result.value


def test_weights() -> None:
    table = pd.DataFrame({"emotion": ["a", "a"], "predicted": ["a", "b"], "speaker": ["1", "1"]})
    runs = FoldRuns.of(table, ["a", "b"], weights=np.array([1.5, 0.5]))
    assert runs.values()["accuracy"] == 0.75
