"""Comparisons of evaluated runs: the numbers of the evaluations, what is written, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from serenade import compare
from serenade.audio.front_end import FrontEnd
from serenade.errors import CorpusError
from serenade.evaluation.compare import Comparison, tables, write_comparison
from serenade.evaluation.compare.evaluated_run import EvaluatedRun
from serenade.evaluation.compare.write import WRITERS
from serenade.evaluation.evaluate import evaluate_predictions
from serenade.spec import Spec

LABELS = ("anger", "fear", "neutral")
BY_DIALOGUE = Spec(
    name="meld",
    labels=LABELS,
    front_end=FrontEnd(),
    network="text",
    split={"name": "meld", "fold": None, "hash": "0", "grouped_by": "dialogue"},
)
Evaluate = Callable[..., Path]


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """`evaluate(name, table)` writes an evaluation without figures and returns its folder."""
    monkeypatch.setattr("serenade.evaluation.evaluate.save_png", lambda figure, path: None)
    monkeypatch.setattr("serenade.evaluation.evaluate.write_report", lambda out, audio: None)

    def write(
        name: str, table: pd.DataFrame, labels: tuple[str, ...] = LABELS, spec: Spec | None = None
    ) -> Path:
        out = tmp_path / name
        evaluate_predictions(table, labels=labels, out=out, spec=spec)
        return out

    return write


@pytest.fixture
def two(evaluate: Evaluate, synthetic: Callable[..., pd.DataFrame]) -> list[Path]:
    """A run that is right except for one clip, and one that is right two times in three."""
    table = synthetic()
    perfect = table.assign(predicted=table["emotion"])
    perfect.loc[0, "predicted"] = "fear"
    return [evaluate("best", perfect), evaluate("usual", table)]


def test_scores_are_those_of_the_evaluations(two: list[Path]) -> None:
    comparison = compare(two)
    for run, path in zip(comparison.runs, two, strict=True):
        stated = json.loads((path / "metrics.json").read_text())["mean"]
        assert {name: value.to_dict() for name, value in run.means.items()}.items() <= stated.items()
    (pair,) = comparison.pairs
    assert pair.value == pytest.approx(
        comparison.runs[0].means["uar"].value - comparison.runs[1].means["uar"].value
    )
    assert pair.p is not None
    assert pair.p <= 0.05
    assert comparison.names == ["best", "usual"]
    assert (comparison.groups, comparison.metric) == (6, "uar")


def test_where_they_differ(two: list[Path], synthetic: Callable[..., pd.DataFrame]) -> None:
    comparison, table = compare(two), synthetic()
    usual_right = table["predicted"] == table["emotion"]
    assert comparison.only_right("best", "usual") == int((~usual_right[1:]).sum())
    assert comparison.only_right("usual", "best") == int(usual_right[0])
    recall = usual_right.groupby(table["emotion"]).mean()
    assert comparison.classes.set_index("emotion")["usual"].to_dict() == pytest.approx(recall.to_dict())
    speakers = {row["speaker"]: row["uar"] for row in EvaluatedRun.read(two[1]).metrics["speakers"]}
    assert comparison.speakers.set_index("speaker")["usual"].to_dict() == pytest.approx(speakers)
    shown = tables.clip_table(comparison)
    right = comparison.clips.set_index("id")
    for clip, _, emotion, *_ in shown.rows:
        assert [right.loc[clip, f"predicted {name}"] == emotion for name in comparison.names].count(True) == 1
    assert len(shown.rows) == comparison.only_right("best", "usual") + comparison.only_right("usual", "best")


def test_the_result_is_a_sentence(two: list[Path], evaluate: Evaluate) -> None:
    (pair,) = compare(two).pairs
    text = tables.summary(compare(two))
    assert text.startswith(f"The UAR of best is {100 * pair.value:.1f} points higher than that of usual")
    assert f"p = {pair.p:.3f}). The difference is significant." in text
    # The other way round the sentence is the same, with the same interval.
    assert tables.summary(compare(two[::-1])) == text
    copy = shutil.copytree(two[1], two[1].parent / "copy")
    assert tables.summary(compare([two[1], copy])) == "usual and copy have the same UAR."
    three = tables.summary(compare([*two, copy]))
    assert three.startswith("best has the highest UAR, 98.3")
    assert "The difference to usual and copy is not." in three


def test_other_clips_are_refused_unless_only_the_shared_ones_are_wanted(
    two: list[Path], evaluate: Evaluate, synthetic: Callable[..., pd.DataFrame]
) -> None:
    part = evaluate("part", synthetic().iloc[6:])
    with pytest.raises(CorpusError, match="54 clips of both, 6 only of usual, 0 only of part"):
        compare([two[1], part])
    comparison = compare([two[1], part], shared_clips=True)
    assert comparison.pairs[0].value == 0
    assert [run.left_out for run in comparison.runs] == [6, 0]
    assert (
        "Only the clips that all runs share are compared; left out: 6 of usual."
        in tables.run_table(comparison).note
    )
    elsewhere = evaluate("elsewhere", synthetic().assign(id=[f"other{n}" for n in range(60)]))
    with pytest.raises(CorpusError, match="usual and elsewhere have no clip in common"):
        compare([two[1], elsewhere], shared_clips=True)


def test_other_labels_are_refused(
    two: list[Path], evaluate: Evaluate, synthetic: Callable[..., pd.DataFrame]
) -> None:
    table = synthetic().assign(score_joy=0.0)
    more = evaluate("more", table, (*LABELS, "joy"))
    with pytest.raises(CorpusError, match=r"has other labels than .*usual: joy only in .*more"):
        compare([two[1], more])
    table = synthetic()
    table.loc[3, "emotion"] = "neutral"
    relabelled = evaluate("relabelled", table)
    with pytest.raises(CorpusError, match="have different labels for 1 clip, such as clip003"):
        compare([two[1], relabelled])


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (["usual"], "two runs or more"),
        (["usual", "usual"], "named twice"),
        (["usual", "none"], "no such folder"),
    ],
)
def test_what_cannot_be_compared(two: list[Path], runs: list[str], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        compare([two[0].parent / name for name in runs])


def test_folds_and_seeds_of_the_runs_may_differ(
    two: list[Path], evaluate: Evaluate, synthetic: Callable[..., pd.DataFrame]
) -> None:
    table = synthetic()
    folds = table["speaker"].astype(int) % 3 + 1
    seeds = pd.concat([table.assign(fold=folds, seed=seed) for seed in (0, 1)], ignore_index=True)
    several = evaluate("several", seeds)
    comparison = compare([two[1], several])
    assert [(run.folds, run.seeds) for run in comparison.runs] == [(1, 1), (3, 2)]
    assert comparison.only_right("usual", "several") == 0
    stated = json.loads((several / "metrics.json").read_text())["mean"]["uar"]["value"]
    assert comparison.runs[1].means["uar"].value == stated


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_has_the_numbers(two: list[Path], tmp_path: Path, suffix: str) -> None:
    comparison = compare(two)
    out = tmp_path / f"comparison{suffix}"
    write_comparison(comparison, out)
    text = out.read_text(encoding="utf-8")
    uar = comparison.runs[1].means["uar"]
    if suffix == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        assert [row["name"] for row in rows] == comparison.names
        assert float(rows[1]["uar_low"]) == uar.low
    elif suffix == ".json":
        content = json.loads(text)
        assert content["runs"][1]["means"]["uar"] == uar.to_dict()
        assert content["pairs"][0]["only_first_right"] == comparison.only_right("best", "usual")
        assert len(content["clips"]) == 60
    else:
        assert f"{100 * uar.value:.1f}" in text
        assert f"{100 * comparison.pairs[0].value:+.1f}" in text
        assert tables.p_text(comparison.pairs[0].p) in text


def test_names_are_escaped(two: list[Path], tmp_path: Path) -> None:
    hostile = two[0].rename(two[0].parent / "a_<b>|%")
    comparison = compare([hostile, two[1]])
    written = {}
    for suffix in (".md", ".tex", ".html"):
        write_comparison(comparison, tmp_path / f"out{suffix}")
        written[suffix] = (tmp_path / f"out{suffix}").read_text(encoding="utf-8")
    assert r"| a_<b>\|% |" in written[".md"]
    assert r"a\_\textless{}b\textgreater{}|\%" in written[".tex"]
    assert "a_&lt;b&gt;|%" in written[".html"]
    assert "<b>|" not in written[".html"]


def test_large_comparisons_are_drawn(
    synthetic: Callable[..., pd.DataFrame], evaluate: Evaluate, tmp_path: Path
) -> None:
    tables_of = [synthetic(600, seed=seed) for seed in range(6)]
    speakers = [f"{n // 3 % 200:03d}" for n in range(600)]
    runs = [evaluate(f"run{n}", table.assign(speaker=speakers)) for n, table in enumerate(tables_of)]
    comparison: Comparison = compare(runs, rng=np.random.default_rng(1))
    assert len(comparison.pairs) == 15
    write_comparison(comparison, tmp_path / "six.html")
    page = (tmp_path / "six.html").read_text(encoding="utf-8")
    assert page.count('<th scope="row"><bdi>run0 −') == 5
    write_comparison(compare(runs[:2]), tmp_path / "two.html")
    assert "200 speakers, sorted" in (tmp_path / "two.html").read_text(encoding="utf-8")


def test_dialogues_are_resampled_as_a_separate_computation_resamples_them(
    evaluate: Evaluate, synthetic: Callable[..., pd.DataFrame]
) -> None:
    """Rows of drawn dialogues one after another, scored by scikit-learn."""
    table = synthetic(400).assign(dialogue=[f"dia{clip // 10}" for clip in range(400)])
    other = synthetic(400, seed=1)["predicted"]
    # Better in whole dialogues: each third dialogue is predicted by the other run in part.
    second = table.assign(predicted=other.where(table.index // 10 % 3 == 0, table["emotion"]))
    runs = [evaluate("first", table, spec=BY_DIALOGUE), evaluate("second", second, spec=BY_DIALOGUE)]
    (pair,) = compare(runs).pairs

    def difference(rows: NDArray[np.int64]) -> float:
        true = table["emotion"].to_numpy()[rows]
        scores = [
            f1_score(true, each["predicted"].to_numpy()[rows], average="weighted", labels=list(LABELS))
            for each in (table, second)
        ]
        return float(scores[0] - scores[1])

    rng = np.random.default_rng(5)
    members = [np.flatnonzero(table["dialogue"] == name) for name in table["dialogue"].unique()]
    draws = [
        difference(np.concatenate([members[number] for number in rng.integers(40, size=40)]))
        for _ in range(600)
    ]
    # The tail of Hesterberg's expanded interval for 40 groups: the cumulative normal of sqrt(40 / 39) times
    # the 2.5 % quantile of t with 39 degrees of freedom, -2.0227.
    low, high = np.quantile(draws, [0.02025, 1 - 0.02025])
    assert pair.value == pytest.approx(difference(np.arange(400)))
    assert (pair.low, pair.high) == pytest.approx((low, high), abs=0.012)
    assert high - low > 0.06


def test_runs_with_dialogues_are_compared_over_dialogues(
    evaluate: Evaluate, tmp_path: Path, synthetic: Callable[..., pd.DataFrame]
) -> None:
    # As in MELD, the same few people speak in all dialogues.
    table = synthetic().assign(dialogue=[f"dia{clip // 5}" for clip in range(60)], predicted="neutral")
    right = table["emotion"]
    one_dialogue = table.assign(predicted=right.where(table["dialogue"] == "dia0", "neutral"))
    spread = table.assign(predicted=right.where(table.index % 12 == 0, "neutral"))
    folders = [
        evaluate(name, rows, spec=BY_DIALOGUE)
        for name, rows in (("base", table), ("one", one_dialogue), ("spread", spread))
    ]
    found = compare(folders[:2])
    assert (found.group, found.groups, found.metric) == ("dialogue", 12, "weighted_f1")
    # A gain in one dialogue of twelve is not in a draw without that dialogue: 35 % of the draws.
    assert abs(found.pairs[0].p - 0.7) < 0.1
    assert min(abs(found.pairs[0].low), abs(found.pairs[0].high)) < 1e-9
    for suffix in (".md", ".tex", ".html"):
        write_comparison(found, tmp_path / f"x{suffix}")
        assert "dialogue" in (tmp_path / f"x{suffix}").read_text()
    # The same number of clips, over five dialogues.
    assert compare([folders[0], folders[2]]).pairs[0].p < found.pairs[0].p
