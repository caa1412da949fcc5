"""Figures say what they were given, in full, in either theme."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from serenade.evaluation import figures
from serenade.evaluation.metrics import scores_from_confusion
from serenade.evaluation.style import PAGE, PAPER, Theme, save_png, to_svg

LABELS = ("anger", "calm", "disgust", "a quite long emotion", "happiness", "neutral", "sadness", "surprise")
SCORES = scores_from_confusion(
    np.random.default_rng(0).integers(0, 900, (8, 8)) + 2000 * np.eye(8, dtype=int), LABELS
)
LOG = [
    {"epoch": e, "train_loss": 1 / e, "dev_loss": 1.1 / e, "dev_uar": e / 20, "lr": 1e-3}
    for e in range(1, 12)
]
PEOPLE = [{"speaker": f"{1001 + i}", "uar": i / 30, "n": 9} for i in range(24)]
BINS = {"edges": [0, 0.5, 1], "counts": [0, 9], "confidence": [None, 0.8], "accuracy": [None, 0.7]}
SOUND = np.random.default_rng(0).normal(-40, 9, (90, 128))
BANDS = np.geomspace(30, 7900, 128)
DRAW = {
    "scale": lambda t: figures.scale(
        [
            {"name": "always “anger”", "value": 0.125},
            {"name": "this model", "value": 0.97, "low": 0.9, "high": 1.0, "model": True},
        ],
        theme=t,
    ),
    "confusion": lambda t: figures.confusion_matrix(SCORES.confusion, LABELS, theme=t),
    "classes": lambda t: figures.per_class(
        SCORES.to_dict()["per_class"], theme=t, listeners=dict.fromkeys(LABELS, 0.99)
    ),
    "classes without listeners": lambda t: figures.per_class(SCORES.to_dict()["per_class"], theme=t),
    "speakers": lambda t: figures.speakers(PEOPLE, theme=t, mean=0.4),
    "reliability": lambda t: figures.reliability(BINS, theme=t),
    "curves": lambda t: figures.curves({"run": LOG}, theme=t),
    "curves of one epoch": lambda t: figures.curves({"run": LOG[:1]}, theme=t),
    "log_mel": lambda t: figures.log_mel(SOUND, hop_s=0.016, band_hz=BANDS, theme=t),
}


@pytest.mark.parametrize("name", DRAW)
def test_nothing_is_cut_off(name: str) -> None:
    figure = DRAW[name](PAPER)
    figure.draw_without_rendering()
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert drawn.x0 >= -0.01
    assert drawn.y0 >= -0.01
    assert drawn.x1 <= width + 0.01
    assert drawn.y1 <= height + 0.01


@pytest.mark.parametrize("name", ["confusion", "log_mel"])
def test_svg_is_coloured_by_the_page_and_needs_nothing_else(name: str) -> None:
    svg = to_svg(DRAW[name](PAGE), name="fig")
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


def test_confusion_matrix_shows_shares_and_counts() -> None:
    svg = to_svg(figures.confusion_matrix([[3, 1], [0, 1500]], ["anger", "fear"], theme=PAGE), name="c")
    for text in ("75 %", "25 %", "100 %", "1,500", "anger", "fear", "what was meant"):
        assert f">{text}<" in svg


def test_log_mel_has_seconds_and_hertz() -> None:
    svg = to_svg(figures.log_mel(SOUND, hop_s=0.016, band_hz=BANDS, theme=PAGE), name="m")
    assert ">s<" in svg
    assert ">4,000<" in svg
    assert ">frames<" in to_svg(figures.log_mel(SOUND, hop_s=None, band_hz=BANDS, theme=PAGE), name="m")


def test_silence_can_be_drawn() -> None:
    figures.log_mel(np.zeros((4, 128)), hop_s=0.016, band_hz=BANDS, theme=PAPER).draw_without_rendering()


def test_png_is_written_whole(tmp_path: Path) -> None:
    save_png(DRAW["scale"](PAPER), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_drawing_leaves_no_trace_in_matplotlib() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    DRAW["scale"](Theme(*["#123456"] * 7))
    assert dict(mpl.rcParams) == before
