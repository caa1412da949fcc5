"""The weights that come with the project."""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

import serenade
from serenade.cli.main import run
from serenade.spec import Spec
from serenade.synthetic.speakers import make_speaker, voice_with_emotion
from serenade.synthetic.synthesizer import RATE_HZ, synthesize

FOLDERS = sorted(path.parent for path in (Path(__file__).parents[1] / "models").glob("*/config.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_card_is_of_these_weights(folder):
    spec = Spec.from_dict(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"# {folder.name}\n" in card
    assert f"hash `{spec.split['hash'][:12]}`" in card
    assert f"fitted on dev | {spec.temperature:.3f} |" in card


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_they_are_exported_and_predict(folder, tmp_path):
    path = tmp_path / "model.onnx"
    assert run(["export", str(folder), "--out", str(path)]) == 0
    rng = np.random.default_rng(0)
    sound = synthesize(
        "Don't forget a jacket.", voice_with_emotion(make_speaker(1001, rng), "anger", 1.0, rng), rng=rng
    )
    prediction = serenade.load_model(path).predict(sound, rate=RATE_HZ)
    assert set(prediction.scores) == {"anger", "disgust", "fear", "happiness", "neutral", "sadness"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_command_on_the_card_runs_as_printed(folder, tmp_path, monkeypatch, capsys):
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.onnx"))
    rng = np.random.default_rng(0)
    voice = voice_with_emotion(make_speaker(1001, rng), "anger", 1.0, rng)
    soundfile.write(copy / "recording.wav", synthesize("Don't forget a jacket.", voice, rng=rng), RATE_HZ)
    (command,) = re.findall(
        r"```\n(serenade predict .*)\n```", (copy / "README.md").read_text(encoding="utf-8")
    )
    monkeypatch.chdir(copy)
    assert run(shlex.split(command)[1:]) == 0
    assert "recording.wav" in capsys.readouterr().out
