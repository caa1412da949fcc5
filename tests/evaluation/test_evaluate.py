"""The evaluation folder and its report: complete, self-contained, correct."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import classification_report

from serenade.audio.logmel import FrontEnd
from serenade.cli.report import report
from serenade.errors import CorpusError, OutputError
from serenade.evaluation.evaluate import evaluate_predictions
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.predictions import one_per_clip
from serenade.evaluation.report import write_report
from serenade.evaluation.report.format import interval, with_deviation
from serenade.evaluation.report.terminal import terminal_lines
from serenade.folders import RunFolder
from serenade.spec import Spec

LABELS = ("anger", "fear", "neutral")
SPEC = Spec(
    name="toy",
    labels=LABELS,
    front_end=FrontEnd(),
    network="compact",
    unsure_below=0.4,
    corpora=({"name": "cremad", "license": "ODbL"},),
    split={"name": "tfds", "fold": None, "hash": "abc", "grouped_by": "speaker"},
)


class Page(HTMLParser):
    """Open tags, links, and figures without a text alternative."""

    void = frozenset(("meta", "br", "img", "use", "path", "image"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.without_label = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [given[key] or "" for key in ("src", "href", "xlink:href", "srcset") if key in given]
        if tag == "svg" and not given.get("aria-label"):
            self.without_label += 1
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag


def evaluated(table: pd.DataFrame, out: Path, **options: Any) -> tuple[dict, str]:
    metrics = evaluate_predictions(table, labels=LABELS, out=out, **{"spec": SPEC, **options})
    return metrics, (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No drawing, which takes seconds, where a test is about text."""
    monkeypatch.setattr("serenade.evaluation.evaluate.save_png", lambda figure, path: None)
    monkeypatch.setattr("serenade.evaluation.report.environment.to_svg", lambda figure, name: "<svg />")


def text_of(page: str) -> str:
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", page, flags=re.DOTALL)
    return plain(re.sub(r"<[^>]+>", " ", body))


def plain(text: str) -> str:
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_folder_is_complete_and_the_page_stands_alone(
    run: RunFolder, predictions: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = run.evaluation
    metrics, page = evaluated(predictions, out, run=run, part="test", unusable={"state silent": 2})
    assert {file.name for file in out.iterdir()} == {
        "metrics.json",
        "predictions.csv",
        "classification_report.txt",
        "confusion_matrix.png",
        "per_class.png",
        "speakers.png",
        "reliability.png",
        "risk_coverage.png",
        "curves.png",
        "report.html",
    }
    assert metrics.items() <= json.loads((out / "metrics.json").read_text()).items()
    pd.testing.assert_frame_equal(
        pd.read_csv(out / "predictions.csv", dtype={"speaker": str}), predictions, check_dtype=False
    )
    parsed = Page(page)
    assert parsed.open == []
    assert parsed.without_label == 0
    assert all(link.startswith(("#", "data:")) for link in parsed.links)
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page
    assert page.count("<script>") == 1  # it sorts tables
    text = text_of(page)
    for expected in (
        plain(with_deviation(metrics["mean"]["uar"])),
        plain(interval(metrics["mean"]["uar"])),
        "who are not in its training data",
        "is acted",
        "2 clips: state silent",
        "# &lt;few&gt; &amp; &#34;quoted&#34;",
        "The model is not a basis for decisions about people.",
    ):
        assert expected in text, expected
    assert 'class="warning"' not in page

    # The command writes the same page again, also where the folder has been moved.
    (out / "report.html").unlink()
    report(run.path)
    assert (out / "report.html").read_text(encoding="utf-8") == page

    monkeypatch.setattr("serenade.evaluation.report.environment.to_svg", lambda figure, name: "<svg />")
    elsewhere = run.path.parent / "elsewhere" / "copy"
    shutil.copytree(out, elsewhere)
    assert "The run folder was not found" in text_of(write_report(elsewhere).read_text())


@pytest.mark.usefixtures("undrawn")
def test_a_leak_is_a_warning(run: RunFolder, predictions: pd.DataFrame) -> None:
    spec = SPEC.to_dict() | {"split": {"name": "random-leaky"}}
    metrics, page = evaluated(predictions, run.evaluation, run=run, part="test", spec=Spec.from_dict(spec))
    assert 'class="warning"' in page
    assert "The scores are too high" in text_of(page)
    assert any(line.startswith("Warning: The scores are too high") for line in terminal_lines(metrics))


@pytest.mark.usefixtures("undrawn")
def test_clips_in_the_training_data_are_reported(tmp_path: Path, predictions: pd.DataFrame) -> None:
    counts = {"sound": 30, "source": 0, "speaker": 10}
    other = {"known": True, "included": False, "clips": 100, "runs": [{"found": 40, **counts}]}
    metrics, page = evaluated(predictions, tmp_path, training_clips=other)
    expected = (
        "Left out, because the model was trained on them: 40 of 100 clips (30 the same sound "
        "and 10 other clips of a speaker in the training data)."
    )
    assert expected in text_of(page)
    assert expected in terminal_lines(metrics)
    assert "60 clips of 6 speakers, none of which it was trained on" in text_of(page)

    metrics, page = evaluated(predictions, tmp_path, training_clips=other | {"included": True})
    assert "trained on some of these clips, which were included on request" in text_of(page)

    unknown = {"known": False, "included": False, "clips": 100, "runs": []}
    metrics, page = evaluated(predictions, tmp_path, training_clips=unknown)
    for text in (text_of(page), " ".join(terminal_lines(metrics))):
        assert "The model has no list of what it was trained on" in text
    assert "It is not known whether the speakers are new to the model." in text_of(page)


@pytest.mark.usefixtures("undrawn")
def test_a_model_that_predicts_one_class_is_a_warning(tmp_path: Path, predictions: pd.DataFrame) -> None:
    metrics, page = evaluated(predictions.assign(predicted="fear"), tmp_path)
    for text in (text_of(page), " ".join(terminal_lines(metrics))):
        assert "The model predicts “fear” for every clip" in text
        assert "training.epochs" in text


def test_without_labels_there_are_predictions_and_no_scores(
    tmp_path: Path, predictions: pd.DataFrame
) -> None:
    metrics, page = evaluated(predictions.assign(emotion=""), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"metrics.json", "predictions.csv", "report.html"}
    assert "None of them has a label that the model knows" in text_of(page)
    assert "interval" not in text_of(page)
    assert "No clip has a label that the model knows" in terminal_lines(metrics)[1]


@pytest.mark.usefixtures("undrawn")
def test_mean_and_pooled_scores_are_named_apart(tmp_path: Path, synthetic) -> None:
    tables = [
        synthetic(30, seed=10 * fold + seed).assign(
            id=lambda t, fold=fold: f"{fold}/" + t["id"], fold=fold, seed=seed
        )
        for fold in (1, 2)
        for seed in (3, 5)
    ]
    metrics, page = evaluated(pd.concat(tables), tmp_path)
    text, lines = text_of(page), terminal_lines(metrics)
    mean, pooled = (100 * value for value in (metrics["mean"]["uar"]["value"], metrics["pooled"]["uar"]))
    assert f"{mean:.1f} % UAR, mean over folds." in text
    assert f"The mean UAR over 2 folds (each the mean of 2 seeds) is {mean:.1f} ±" in text
    assert "Pooled: one prediction per clip, all folds and seed 3" in text
    assert re.search(rf"UAR {mean:.1f} ± [\d.]+ %  \(95 % interval .*\), mean over 2 folds", lines[1])
    assert f"pooled (one prediction per clip, all folds and seed 3): UAR {pooled:.1f} %" in lines[-2]
    clips = one_per_clip(pd.concat(tables))
    written = (tmp_path / "classification_report.txt").read_text()
    expected = classification_report(clips["emotion"], clips["predicted"], digits=4, zero_division=0)
    assert written.startswith(expected)
    assert "One prediction per clip, all folds and seed 3." in written


def test_hostile_names_are_shown_as_text(tmp_path: Path, synthetic) -> None:
    labels = ("$x_<b>", "\u202efear\x1b[31m", "neutral")
    table = synthetic(12).replace(dict(zip(LABELS, labels, strict=True)))
    table.columns = [name.replace("anger", labels[0]).replace("fear", labels[1]) for name in table.columns]
    table["predicted"] = labels[0]
    table["speaker"] = [f"<script>alert({i})</script>$\\frac" for i in range(12)]
    table["file"] = [f"/x/<img src=x onerror=alert({i})>\u202egnp.wav" for i in range(12)]
    table["text"] = "<i>$a_$</i>\n\x07"
    spec = Spec(name="<u>$\\x", labels=labels, front_end=FrontEnd(), network="compact")
    metrics = evaluate_predictions(table, labels=labels, out=tmp_path, spec=spec)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert Page(page).open == []
    for tag in ("<script>alert", "<img", "<u>", "<i>$", "<b>$"):
        assert tag not in page
    for character in "\x1b\x07\u202e":
        assert character not in page
        assert not any(character in line for line in terminal_lines(metrics))


def test_another_evaluation_in_progress_is_refused(tmp_path: Path, predictions: pd.DataFrame) -> None:
    from serenade.files import LOCK, lock

    busy = OutputError("held by the test")
    with lock(tmp_path / LOCK, busy=busy), pytest.raises(OutputError, match="another serenade evaluate"):
        evaluated(predictions, tmp_path)


def test_an_unwritable_place_is_named(tmp_path: Path, predictions: pd.DataFrame) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        evaluate_predictions(predictions, labels=LABELS, out=tmp_path / "file", spec=SPEC)


@pytest.mark.usefixtures("undrawn")
def test_a_second_evaluation_replaces_all_files_of_the_first(
    tmp_path: Path, predictions: pd.DataFrame
) -> None:
    evaluated(predictions, tmp_path)
    assert (tmp_path / "classification_report.txt").exists()
    evaluated(predictions.assign(emotion=""), tmp_path)
    assert not (tmp_path / "classification_report.txt").exists()
    EvaluationFolder(tmp_path).metrics.write_text('{"format": "serenade-evaluation", "finished": false}')
    with pytest.raises(CorpusError, match="was interrupted"):
        report(tmp_path)
    evaluated(predictions, tmp_path)
    assert EvaluationFolder(tmp_path).read()[0]["counts"]["clips"] == 60


def test_another_corpus_is_compared_with_the_own_test_part(
    predictions: pd.DataFrame, run: RunFolder, undrawn: None
) -> None:
    first, _ = evaluated(predictions, run.evaluation / "other", run=run)
    assert first["own_test"] is None
    own, _ = evaluated(predictions.assign(corpus="toy"), run.evaluation, run=run, part="test")
    assert own["own_test"] is None
    worse = predictions.assign(emotion=predictions["emotion"].to_numpy()[::-1])
    metrics, page = evaluated(worse, run.evaluation / "other", run=run)
    assert metrics["own_test"]["value"] == own["mean"]["uar"]["value"]
    assert metrics["own_test"]["ece"] == own["calibration"]["ece"]
    assert f"(toy) the difference is {100 * own['calibration']['ece']:.1f} points" in text_of(page)
    assert any("on the test part of its own data: UAR" in line for line in terminal_lines(metrics))


def test_thresholds_and_groups_are_in_the_report(
    predictions: pd.DataFrame, tmp_path: Path, undrawn: None
) -> None:
    table = predictions.assign(sex=["female", "male"] * 30, temperature=1.5)
    metrics, page = evaluated(table, tmp_path / "out")
    text = text_of(page)
    assert "Scores by group" in text
    assert "Before calibration (temperature scaling on dev)" in text
    row = metrics["calibration"]["thresholds"][0]
    assert f"70 % {100 * row['unsure_below']:.1f} %" in text
