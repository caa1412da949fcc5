"""Paired bootstrap and Holm's correction: known cases, and error rates on simulated runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from serenade.evaluation.compare.paired import holm, paired_differences
from serenade.evaluation.fold_runs import FoldRuns

LABELS = ("anger", "fear", "neutral")


def simulated(
    rng: np.random.Generator, *, speakers: int = 12, clips: int = 20, gain: float = 0.0
) -> dict[str, FoldRuns]:
    """Two runs whose accuracy differs by `gain` on the average of all speakers there could be."""
    true = rng.choice(LABELS, size=speakers * clips)
    speaker = np.repeat(np.arange(speakers), clips)
    base = rng.uniform(0.3, 0.7, speakers)
    found = {}
    for name, shift in (("a", gain), ("b", 0.0)):
        accuracy = np.clip(base + shift + rng.normal(0, 0.08, speakers), 0, 1)[speaker]
        predicted = np.where(rng.random(len(true)) < accuracy, true, rng.choice(LABELS, size=len(true)))
        table = pd.DataFrame({"emotion": true, "predicted": predicted, "speaker": speaker})
        found[name] = FoldRuns.of(table, LABELS)
    return found


def difference(runs: dict[str, FoldRuns], *, draws: int = 1000, seed: int = 0):
    (pair,) = paired_differences(runs, metric="uar", rng=np.random.default_rng(seed), draws=draws)
    return pair


def test_a_run_and_itself_do_not_differ() -> None:
    run = simulated(np.random.default_rng(0))["a"]
    pair = difference({"a": run, "b": run})
    assert (pair.value, pair.low, pair.high, pair.p, pair.p_holm) == (0, 0, 0, 1, 1)


def test_a_run_that_is_better_for_every_speaker_has_a_small_p() -> None:
    runs = simulated(np.random.default_rng(0), speakers=40, gain=0.3)
    pair = difference(runs, draws=10_000)
    assert pair.p is not None
    assert pair.low is not None
    assert pair.p < 0.001
    assert pair.low > 0
    assert pair.value == runs["a"].values()["uar"] - runs["b"].values()["uar"]


def test_the_order_of_two_runs_changes_only_the_sign() -> None:
    runs = simulated(np.random.default_rng(3), gain=0.05)
    one, two = difference(runs), difference({"b": runs["b"], "a": runs["a"]})
    assert two.p == pytest.approx(one.p)
    assert (two.value, two.low, two.high) == pytest.approx((-one.value, -one.high, -one.low))


def test_of_few_speakers_no_difference_is_significant() -> None:
    pair = difference(simulated(np.random.default_rng(0), speakers=4, gain=0.3))
    assert pair.p == 2 * 0.5**4


def test_a_single_speaker_has_no_test() -> None:
    pair = difference(simulated(np.random.default_rng(0), speakers=1))
    assert (pair.low, pair.high, pair.p, pair.p_holm) == (None, None, None, None)


def test_holm_by_hand() -> None:
    # 0.01 · 4, then the larger of it and 0.02 · 3, and of these and 0.03 · 2, and of these and 0.9 · 1.
    assert holm([0.03, 0.01, 0.9, 0.02]) == pytest.approx([0.06, 0.04, 0.9, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_p_values_of_several_runs_are_corrected() -> None:
    first, second = (simulated(np.random.default_rng(seed), gain=0.1) for seed in (0, 1))
    runs = {**first, "c": second["a"]}
    pairs = paired_differences(runs, metric="accuracy", rng=np.random.default_rng(0), draws=500)
    assert [(pair.first, pair.second) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [pair.p_holm for pair in pairs] == holm([pair.p or 0.0 for pair in pairs])


@pytest.mark.parametrize("speakers", [6, 12])
def test_of_equal_runs_one_in_twenty_differs(speakers: int) -> None:
    rng = np.random.default_rng(speakers)
    trials = 200
    found = [
        difference(simulated(rng, speakers=speakers, clips=12), draws=400, seed=n) for n in range(trials)
    ]
    wrong = sum((pair.p or 0) < 0.05 for pair in found) / trials
    covered = sum((pair.low or 0) <= 0 <= (pair.high or 0) for pair in found) / trials
    # Two standard errors of a share of 200 are 3 points. A plain bootstrap has 0.12 at six speakers.
    assert wrong < 0.085
    assert covered > 0.915
