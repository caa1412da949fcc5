"""The whole folder, and the page: complete, self-contained, honest."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from serenade.audio.logmel import FrontEnd
from serenade.cli.report import report
from serenade.errors import CorpusError, OutputError
from serenade.evaluation.evaluate import evaluate_predictions
from serenade.evaluation.report import text as words
from serenade.evaluation.report import write_report
from serenade.spec import Spec

LABELS = ("anger", "fear", "neutral")
SPEC = Spec(
    name="toy",
    labels=LABELS,
    front_end=FrontEnd(),
    network="compact",
    unsure_below=0.4,
    corpora=({"name": "cremad", "license": "ODbL"},),
    split={"name": "tfds", "fold": None, "hash": "abc"},
)


class Page(HTMLParser):
    """Tags that were opened and not closed, links, and labels of figures."""

    void = frozenset(("meta", "br", "img", "use", "path", "image"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.unlabelled = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [given[key] or "" for key in ("src", "href", "xlink:href", "srcset") if key in given]
        if tag == "svg" and not given.get("aria-label"):
            self.unlabelled += 1
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag


def evaluated(table: pd.DataFrame, out: Path, **options) -> tuple[dict, str]:
    metrics = evaluate_predictions(table, labels=LABELS, out=out, spec=SPEC, **options)
    return metrics, (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the drawing, seconds of it, where a test is about words."""
    monkeypatch.setattr("serenade.evaluation.evaluate.save_png", lambda figure, path: None)
    monkeypatch.setattr("serenade.evaluation.report.to_svg", lambda figure, name: "<svg />")


def text_of(page: str) -> str:
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_folder_is_complete_and_the_page_stands_alone(
    run: Path, predictions: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = run / "evaluation"
    metrics, page = evaluated(predictions, out, run=run, dropped={"silent": 2})
    assert {file.name for file in out.iterdir()} == {
        "metrics.json",
        "predictions.csv",
        "classification_report.txt",
        "confusion_matrix.png",
        "per_class.png",
        "speakers.png",
        "reliability.png",
        "curves.png",
        "report.html",
    }
    assert json.loads((out / "metrics.json").read_text()) == metrics
    pd.testing.assert_frame_equal(
        pd.read_csv(out / "predictions.csv", dtype={"speaker": str}), predictions, check_dtype=False
    )
    parsed = Page(page)
    assert parsed.open == []
    assert parsed.unlabelled == 0
    assert all(link.startswith(("#", "data:")) for link in parsed.links)
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page
    assert "<script" not in page
    text = text_of(page)
    for said in (
        words.percent(metrics["pooled"]["uar"]).replace("\N{NO-BREAK SPACE}", " "),
        "whom it never heard in training",
        "CREMA-D was spoken by actors",
        "2: silent",
        "# &lt;few&gt; &amp; &#34;quoted&#34;",
        "This is no basis for decisions about people.",
    ):
        assert said in text, said
    assert "This evaluation leaks" not in text

    # The command makes the same page again, also where the folder has been carried elsewhere.
    (out / "report.html").unlink()
    report(run)
    assert (out / "report.html").read_text(encoding="utf-8") == page

    monkeypatch.setattr("serenade.evaluation.report.to_svg", lambda figure, name: "<svg />")
    elsewhere = run.parent / "elsewhere" / "copy"
    shutil.copytree(out, elsewhere)
    assert "The run folder is no longer where it was" in text_of(write_report(elsewhere).read_text())


@pytest.mark.usefixtures("undrawn")
def test_a_leak_is_said_in_red(run: Path, predictions: pd.DataFrame) -> None:
    table = pd.read_csv(run / "split.csv", dtype=str)
    table.assign(speaker=table["speaker"].str[-2:]).to_csv(run / "split.csv", index=False)
    metrics, page = evaluated(predictions, run / "evaluation", run=run)
    assert words.standing(metrics) == "leaky"
    assert 'class="warning"' in page
    assert "some of whom it heard in training" in text_of(page)


def test_without_labels_there_are_answers_and_no_scores(tmp_path: Path, predictions: pd.DataFrame) -> None:
    _, page = evaluated(predictions.assign(emotion=""), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"metrics.json", "predictions.csv", "report.html"}
    text = text_of(page)
    assert "not one of them carries a label" in text
    assert "95 % interval" not in text


def test_hostile_names_are_shown_not_run(tmp_path: Path, made) -> None:
    table = made(9)
    table["speaker"] = "<script>alert(1)</script>"
    table["file"] = [f"/x/<img src=x onerror=alert({i})>.wav" for i in range(9)]
    _, page = evaluated(table, tmp_path)
    assert "<script" not in page
    assert "<img" not in page


@pytest.mark.usefixtures("undrawn")
def test_folds_are_shown_beside_the_pool(tmp_path: Path, made) -> None:
    table = pd.concat([made(30, seed=s).assign(fold=s + 1, seed=0) for s in range(2)])
    metrics, page = evaluated(table, tmp_path)
    spread = metrics["spread"]["uar"]
    assert f"{100 * spread['mean']:.1f} ± {100 * spread['std']:.1f}" in text_of(page)


def test_an_unwritable_place_is_named(tmp_path: Path, predictions: pd.DataFrame) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        evaluate_predictions(predictions, labels=LABELS, out=tmp_path / "file", spec=SPEC)


def test_report_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such run folder"):
        report(tmp_path / "none")
    with pytest.raises(CorpusError, match="holds no evaluation"):
        report(tmp_path)
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(CorpusError, match=r"not the metrics\.json"):
        report(tmp_path)
    (tmp_path / "metrics.json").write_text("{half")
    with pytest.raises(CorpusError, match="is not JSON"):
        report(tmp_path)
