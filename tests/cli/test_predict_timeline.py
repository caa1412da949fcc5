"""`serenade predict --timeline` by speech detection, with speakers, figures, pages and a summary."""

from __future__ import annotations

import csv
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import soundfile

from serenade.cli.main import run

TOY = runpy.run_path(str(Path(__file__).parents[1] / "toy_model.py"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return TOY["write_toy_adapted_model"](tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """A talk of Ann and Bob, each alone for 8 s, and who speaks when."""
    folder = tmp_path_factory.mktemp("talk")
    pause = np.zeros(16_000, np.float32)
    voices = [TOY["voice"](3.0, level=level, seed=n) for n, level in enumerate((0.3, 0.02, 0.3, 0.3))]
    soundfile.write(folder / "talk.wav", np.concatenate([p for v in voices for p in (v, pause)]), 16_000)
    (folder / "talk.csv").write_text("file,start,end,speaker\ntalk.wav,0,8,Ann\ntalk.wav,8,16,Bob\n")
    return folder / "talk.wav"


def command(*arguments):
    return run(["predict", *map(str, arguments)])


def test_segments_speakers_figure_page_and_summary(model, talk, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    out = tmp_path / "talk.csv"
    more = ("--figures", tmp_path / "figures", "--html", tmp_path / "pages", "--summary", tmp_path / "s.json")
    speakers = talk.with_suffix(".csv")
    status = command(
        talk, "-m", model, "--timeline", "--segments", "speech", "--speakers", speakers, "-o", out, *more
    )
    shown = capsys.readouterr().err
    assert status == 0, shown
    rows = [row for row in csv.DictReader(out.open()) if row["state"] != "no_speech"]
    assert [row["speaker"] for row in rows] == ["Ann", "Ann", "Bob", "Bob"]
    assert [row["emotion"] for row in rows] == ["anger", "neutral", "anger", "anger"]
    assert (tmp_path / "figures" / "talk.png").read_bytes().startswith(b"\x89PNG")
    assert "<title>" in (tmp_path / "pages" / "talk.html").read_text()
    (summaries,) = json.loads((tmp_path / "s.json").read_text()).values()
    assert [(each["speaker"], each["segments"]) for each in summaries] == [("Ann", 2), ("Bob", 2)]
    assert summaries[0]["transitions"] == [{"from": "anger", "to": "neutral", "count": 1}]
    assert "talk.wav: Ann: 0:06 of speech, " in shown


@pytest.mark.parametrize("kind", [(), ("--timeline",)])
def test_a_page_is_missed_of_readable_recordings_only(model, talk, tmp_path, capsys, kind):
    (tmp_path / "empty.wav").touch()
    arguments = (talk, tmp_path / "empty.wav", "-m", model, *kind)
    assert command(*arguments, "--html", tmp_path / "pages") == 0
    shown = capsys.readouterr().err
    assert "empty.wav: is empty" in shown
    assert "without a figure or page" not in shown


def test_a_complete_run_that_is_repeated_keeps_its_summary(model, talk, tmp_path, capsys):
    arguments = (talk, "-m", model, "--timeline", "-o", tmp_path / "a.csv", "--summary", tmp_path / "s.json")
    assert command(*arguments) == 0
    content = (tmp_path / "s.json").read_text()
    assert command(*arguments) == 0
    assert "complete already" in capsys.readouterr().err
    assert (tmp_path / "s.json").read_text() == content


def test_smoothing_changes_the_timeline(model, talk, capsys):
    results = {}
    for how in ((), ("--smooth",)):
        assert command(talk, "-m", model, "--timeline", "--segments", "speech", "--format", "json", *how) == 0
        results[how] = json.loads(capsys.readouterr().out)
    plain, smooth = results.values()
    assert [row["start"] for row in plain] == [row["start"] for row in smooth]
    assert [row["scores"] for row in plain] != [row["scores"] for row in smooth]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--smooth",), "--smooth: needs --timeline"),
        (("--segments", "speech"), "--segments: needs --timeline"),
        (("--summary", "s.json"), "--summary: needs --timeline"),
        (("--timeline", "--segments", "speech", "--hop", "1"), "have no hop"),
        (("--html", "pages", "--speakers", "folder"), "--html: needs --timeline"),
    ],
)
def test_options_that_do_not_go_together(model, talk, options, reason, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert command(talk, "-m", model, *options) in (1, 2)
    assert reason in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []
