"""The program on the page "Use the ONNX file" predicts as serenade does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from serenade import load_model

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-the-onnx-file.md"


@pytest.fixture
def program():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return code


@pytest.mark.parametrize("rate_hz", [16_000, 22_050])
def test_the_program_predicts_as_serenade(program, toy, tmp_path, monkeypatch, capsys, rate_hz):
    toy.write_voice(tmp_path / "call.wav", 2.0, rate_hz=44_100)
    front_end = toy.FrontEnd(rate_hz=rate_hz)
    model = toy.write_toy_model(tmp_path / "model.onnx", toy.toy_spec(front_end=front_end))
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    printed = ast.literal_eval(capsys.readouterr().out)
    expected = load_model(model).predict("call.wav").scores
    assert printed == pytest.approx(dict(expected), abs=1e-3)


def test_an_exported_file_states_its_rate_and_labels(tmp_path):
    pytest.importorskip("torch")
    import onnx

    from serenade.audio.front_end import FrontEnd
    from serenade.networks import create_network
    from serenade.networks.export import export_onnx
    from serenade.spec import Spec

    front_end = FrontEnd(rate_hz=22_050, n_mels=16, n_fft=512)
    spec = Spec(name="m", labels=("anger", "neutral"), front_end=front_end, network="compact")
    export_onnx(create_network("compact", n_mels=16, n_classes=2), spec, tmp_path / "m.onnx")
    model = onnx.load(tmp_path / "m.onnx")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert (metadata["rate_hz"], metadata["labels"]) == ("22050", '["anger", "neutral"]')
    (waveform,) = [value for value in model.graph.input if value.name == "waveform"]
    assert "22050 Hz" in waveform.doc_string
    assert "22050 Hz" in model.doc_string
