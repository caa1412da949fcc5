"""Figures show what they were given, in full, in every theme, whatever the names are."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from serenade.audio.logmel import FrontEnd
from serenade.evaluation import figures
from serenade.evaluation.figures.style import PAGE, PAPER, Theme, save_png, to_svg
from serenade.evaluation.robustness.conditions import conditions
from serenade.evaluation.scores import scores_from_confusion
from serenade.evaluation.threshold_curves import ThresholdCurves, threshold_curves

LABELS = ("anger", "calm", "disgust", "a quite long emotion", "happiness", "neutral", "sadness", "surprise")
HOSTILE = (
    r"$x_",
    r"$\frac{a}{$",
    "a$b$c",
    r"\alpha $^$",
    "<b>&amp;",
    "a\nb\x1b[31m",
    "\u202eevil",
    "x" * 300,
)
"""Names that are not formulas, not markup and not one line."""

LOG = [
    {"epoch": e, "train_loss": 1 / e, "dev_loss": 1.1 / e, "dev_uar": e / 20, "lr": 1e-3}
    for e in range(1, 12)
]
BINS = {"edges": [0, 0.5, 1], "counts": [0, 9], "confidence": [None, 0.8], "accuracy": [None, 0.7]}
CONDITIONS = {
    "headline": "uar",
    "conditions": [
        {"name": c.name, "title": c.title, "snr_db": c.snr_db, "uar": {"value": 0.9 - (c.snr_db or 0) / 40}}
        for c in conditions(has_noises=True)
    ],
}
SOUND = np.random.default_rng(0).normal(-40, 9, (90, 128))


def scores_of(labels: tuple[str, ...]) -> Any:
    counts = np.random.default_rng(0).integers(0, 900, (8, 8)) + 2000 * np.eye(8, dtype=int)
    return scores_from_confusion(counts, labels).to_dict()


def draw_comparison(theme: Theme, labels: tuple[str, ...]) -> Any:
    rows = [
        {"name": f"always “{labels[0]}”", "value": 0.125},
        {"name": "this model", "value": 0.97, "low": 0.9, "high": 1.0, "model": True},
    ]
    return figures.comparison(rows, theme=theme)


def draw_classes(theme: Theme, labels: tuple[str, ...]) -> Any:
    listeners = dict.fromkeys(labels, 0.99)
    return figures.class_scores(scores_of(labels)["per_class"], theme=theme, listeners=listeners)


def draw_speakers(theme: Theme, labels: tuple[str, ...], *, count: int = 24) -> Any:
    rows = [
        {"speaker": labels[i % 8], "uar": i / count, "low": 0.9 * i / count, "high": 1.0, "n": 9}
        for i in range(count)
    ]
    return figures.speaker_scores(rows, theme=theme, overall=0.4)


def draw_thresholds(theme: Theme, labels: tuple[str, ...]) -> Any:
    rng = np.random.default_rng(0)
    clips = pd.DataFrame({"emotion": rng.choice(labels, 400)})
    for label in labels:
        clips[f"score_{label}"] = rng.random(400) + (clips["emotion"] == label)
    return figures.draw_threshold_curves(threshold_curves(clips, labels), theme=theme)


DRAW: dict[str, Callable[[Theme, tuple[str, ...]], Any]] = {
    "comparison": draw_comparison,
    "confusion": lambda t, names: figures.confusion_matrix(scores_of(names)["confusion"], names, theme=t),
    "classes": draw_classes,
    "classes without listeners": lambda t, names: figures.class_scores(
        scores_of(names)["per_class"], theme=t
    ),
    "speakers": draw_speakers,
    "4 speakers": lambda t, names: draw_speakers(t, names, count=4),
    "400 speakers": lambda t, names: draw_speakers(t, names, count=400),
    "thresholds": draw_thresholds,
    "robustness": lambda t, names: figures.robustness(CONDITIONS, theme=t),
    "reliability": lambda t, names: figures.reliability(
        {"bins": BINS, "uncalibrated": {"bins": BINS}}, theme=t
    ),
    "reliability without temperature": lambda t, names: figures.reliability(
        {"bins": BINS, "uncalibrated": None}, theme=t
    ),
    "risk_coverage": lambda t, names: figures.risk_coverage(
        {"coverage": [0.1, 0.5, 1.0], "risk": [0.0, 0.1, 0.3]},
        rows=[
            {"precision": 0.9, "coverage": 0.5, "reached": 0.91},
            {"precision": 0.95, "coverage": 0.0, "reached": None},
        ],
        theme=t,
    ),
    "curves": lambda t, names: figures.learning_curves({names[0]: LOG, names[1]: LOG}, theme=t),
    "curves of one epoch": lambda t, names: figures.learning_curves({names[0]: LOG[:1]}, theme=t),
    "spectrogram": lambda t, names: figures.spectrogram(SOUND, front_end=FrontEnd(), theme=t),
}


@pytest.mark.parametrize("names", [LABELS, HOSTILE], ids=["plain", "hostile"])
@pytest.mark.parametrize("figure", DRAW)
def test_nothing_is_cut_off(figure: str, names: tuple[str, ...]) -> None:
    drawn = DRAW[figure](PAPER, names)
    drawn.draw_without_rendering()
    box = drawn.get_tightbbox()
    width, height = drawn.get_size_inches()
    assert box.x0 >= -0.01
    assert box.y0 >= -0.01
    assert box.x1 <= width + 0.01
    assert box.y1 <= height + 0.01


@pytest.mark.parametrize("figure", DRAW)
def test_any_name_can_be_saved(figure: str, tmp_path: Path) -> None:
    save_png(DRAW[figure](PAPER, HOSTILE), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("figure", ["comparison", "confusion", "classes", "speakers"])
def test_names_are_drawn_as_they_are(figure: str) -> None:
    svg = to_svg(DRAW[figure](PAGE, HOSTILE), name="fig")
    ElementTree.fromstring(svg)
    assert "$x_" in svg
    assert "\x1b" not in svg
    assert "\u202e" not in svg
    assert "<b>" not in svg


@pytest.mark.parametrize("figure", ["confusion", "spectrogram"])
def test_svg_has_the_colours_of_the_page_and_needs_nothing_else(figure: str) -> None:
    svg = to_svg(DRAW[figure](PAGE, LABELS), name="fig")
    root = ElementTree.fromstring(svg)
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib
    assert "currentColor" in svg
    assert not re.search(r"#0[1-6]0[1-6]0[1-6]", svg)
    links = re.findall(r'href="([^"]*)"', svg)
    assert all(link.startswith(("#fig-", "data:image/png")) for link in links)
    ids = set(re.findall(r'\bid="([^"]*)"', svg))
    assert {link[1:] for link in links if link.startswith("#")} <= ids
    assert set(re.findall(r"url\(#([^)]*)\)", svg)) <= ids


def test_the_confusion_matrix_shows_shares_and_counts() -> None:
    svg = to_svg(figures.confusion_matrix([[3, 1], [0, 1500]], ["anger", "fear"], theme=PAGE), name="c")
    for text in ("75 %", "25 %", "100 %", "1,500", "anger", "fear", "true emotion", "predicted emotion"):
        assert f">{text}<" in svg


def test_det_axes_are_normal_deviates_with_rates_as_labels() -> None:
    # With normal scores of equal variance a DET curve is a straight line of slope -1: misses and false alarms
    # of two normal distributions 2 apart, at every threshold.
    thresholds = np.linspace(-3, 5, 201)
    det = np.stack([1 - norm.cdf(thresholds), norm.cdf(thresholds - 2)])
    curve = ThresholdCurves(
        label="fear", auc=0.92, average_precision=0.9, eer=0.159, roc=det, precision_recall=det, det=det
    )
    axes = figures.draw_threshold_curves([curve], theme=PAPER).axes[2]
    for axis in (axes.xaxis, axes.yaxis):
        assert [tick.get_text() for tick in axis.get_ticklabels()] == ["1", "2", "5", "10", "20", "40", "60"]
        assert axis.get_ticklocs() == pytest.approx(
            [-2.326, -2.054, -1.645, -1.282, -0.842, -0.253, 0.253], abs=1e-3
        )
        assert tuple(axis.get_view_interval()) == pytest.approx((-2.576, 0.842), abs=1e-3)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("false alarms in %", "misses in %")
    x, y = axes.get_lines()[-1].get_data()
    shown = (np.abs(x) < 4) & (np.abs(y) < 4)
    assert shown.sum() > 100
    assert (x + y)[shown] == pytest.approx(-2)


@pytest.mark.parametrize(("count", "intervals"), [(4, 4), (30, 30), (31, 0), (400, 0)])
def test_few_speakers_have_names_and_intervals_and_many_are_a_sorted_curve(
    count: int, intervals: int
) -> None:
    (axes,) = draw_speakers(PAPER, LABELS, count=count).axes
    lines = axes.collections[0].get_segments() if axes.collections else []
    assert len(lines) == intervals
    assert len(axes.get_xticks()) == intervals
    dots = axes.get_lines()[-1]
    assert dots.get_ydata() == pytest.approx([100 * i / count for i in range(count)])
    if lines:
        assert np.array(lines[-1])[:, 1] == pytest.approx([90 * (count - 1) / count, 100])
    else:
        assert axes.get_xlabel() == f"{count} speakers, sorted by UAR"


def test_a_spectrogram_has_seconds_and_hertz() -> None:
    svg = to_svg(figures.spectrogram(SOUND, front_end=FrontEnd(), theme=PAGE), name="m")
    assert ">time in s<" in svg
    assert ">4,000<" in svg


def test_silence_can_be_drawn(tmp_path: Path) -> None:
    save_png(figures.spectrogram(np.zeros((4, 128)), front_end=FrontEnd(), theme=PAPER), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_drawing_leaves_no_settings_in_matplotlib(tmp_path: Path) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    save_png(draw_comparison(Theme(*["#123456"] * 7), LABELS), tmp_path / "a.png")
    assert dict(mpl.rcParams) == before
