"""Speaker bootstrap: against a plain loop, and as a property of the spread between speakers."""

from __future__ import annotations

import numpy as np
import pytest

from serenade.errors import CorpusError
from serenade.evaluation.intervals import bootstrap_interval, group_confusions
from serenade.evaluation.metrics import METRICS, accuracy, confusion_matrix, uar

LABELS = ("anger", "fear", "neutral")


def answers(spread: float, speakers: int = 12, clips: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    true = rng.choice(LABELS, size=speakers * clips)
    who = np.repeat([f"s{i:02d}" for i in range(speakers)], clips)
    skill = np.repeat(0.6 + spread * rng.uniform(-1, 1, speakers), clips)
    guess = np.where(rng.random(len(true)) < skill, true, rng.choice(LABELS, size=len(true)))
    return true, guess, who


def test_group_confusions_add_up() -> None:
    true, guess, who = answers(0.2)
    groups = group_confusions(true, guess, LABELS, groups=who)
    assert list(groups) == sorted(set(who))
    assert (sum(groups.values()) == confusion_matrix(true, guess, LABELS)).all()
    one = who == "s03"
    assert (groups["s03"] == confusion_matrix(true[one], guess[one], LABELS)).all()


@pytest.mark.parametrize("name", METRICS)
def test_same_as_redrawing_the_clips_of_speakers_in_a_loop(name: str) -> None:
    true, guess, who = answers(0.3)
    groups = group_confusions(true, guess, LABELS, groups=who)
    interval = bootstrap_interval(METRICS[name], groups.values(), rng=np.random.default_rng(5), n=4000)
    rng, values = np.random.default_rng(6), []
    for _ in range(400):
        drawn = rng.choice(sorted(groups), size=len(groups))
        clips = np.concatenate([np.flatnonzero(who == speaker) for speaker in drawn])
        values.append(float(METRICS[name](confusion_matrix(true[clips], guess[clips], LABELS))))
    low, high = np.quantile(values, [0.025, 0.975])
    assert interval.low == pytest.approx(low, abs=0.02)
    assert interval.high == pytest.approx(high, abs=0.02)


def test_speakers_who_differ_widen_it() -> None:
    widths = []
    for spread in (0.0, 0.4):
        groups = group_confusions(*answers(spread)[:2], LABELS, groups=answers(spread)[2])
        interval = bootstrap_interval(uar, groups.values(), rng=np.random.default_rng(0))
        widths.append(interval.high - interval.low)
    assert widths[1] > 1.5 * widths[0]


def test_same_generator_same_interval() -> None:
    groups = list(group_confusions(*answers(0.2)[:2], LABELS, groups=answers(0.2)[2]).values())
    one, two = (bootstrap_interval(accuracy, groups, rng=np.random.default_rng(3)) for _ in range(2))
    assert one == two
    assert one != bootstrap_interval(accuracy, groups, rng=np.random.default_rng(4))


def test_one_speaker_has_no_interval() -> None:
    with pytest.raises(CorpusError, match="two speakers or more"):
        bootstrap_interval(uar, [np.eye(2, dtype=np.int64)], rng=np.random.default_rng(0))


def test_groups_must_fit() -> None:
    with pytest.raises(CorpusError, match="1 groups"):
        group_confusions(["fear", "fear"], ["fear", "fear"], LABELS, groups=["s"])
