"""Explanations are written as a figure and a JSON file for each recording, whatever its name is."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import soundfile

from serenade import load_model
from serenade.inference.explain import explain
from serenade.output.explanation import explain_all, new_figure
from serenade.text import MATPLOTLIB_TEXT


def test_a_figure_and_a_json_file_for_each_recording(
    model_file: Path, voices: list[Path], tmp_path: Path
) -> None:
    quiet = tmp_path / "quiet.wav"
    soundfile.write(quiet, np.zeros(16_000), 16_000)
    silent = explain_all(load_model(model_file), [voices[4], quiet], tmp_path / "out")
    assert silent == [quiet]
    (png,), (record,) = (list((tmp_path / "out").rglob(f"*.{suffix}")) for suffix in ("png", "json"))
    assert png.read_bytes().startswith(b"\x89PNG")
    content = json.loads(record.read_text())
    assert content["file"] == str(voices[4])
    assert np.shape(content["drop"]) == (len(content["edges_hz"]) - 1, len(content["edges_s"]) - 1)
    assert content["prediction"]["emotion"] == content["emotion"]


@pytest.mark.parametrize("name", ["a.wav", "$x_{$.wav", "\x1b[31mred\n.wav", "n" * 60 + ".wav"])
def test_nothing_is_cut_off(model_file: Path, voices: list[Path], name: str) -> None:
    found = explain(load_model(model_file), voices[5])
    assert found is not None
    with mpl.rc_context(MATPLOTLIB_TEXT):
        figure = new_figure(found, name=name)
        figure.draw_without_rendering()
    box = figure.get_tightbbox()
    assert box.x0 >= -0.01
    assert box.y0 >= -0.01
    assert box.x1 <= 10.01
    assert box.y1 <= 4.61
