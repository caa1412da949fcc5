"""The README and the documents name only what is there, and their Python and recipes run."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from serenade.adaptation import Adaptation
from serenade.audio.front_end import FrontEnd
from serenade.cli.main import COMMANDS, run
from serenade.networks import create_network
from serenade.networks.export import export_onnx
from serenade.spec import Spec
from serenade.training.recipe import Recipe

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_files_that_are_named_exist(page):
    named = set(
        re.findall(r"(?<!tests/)(?:recipes|docs|scripts|benchmarks|notebooks)/[\w./-]+\w", page.read_text())
    )
    assert not [name for name in named if not (ROOT / name).exists()]


def test_commands_that_the_readme_calls_exist():
    called = set(re.findall(r"^(?:\$ )?serenade (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert called
    assert called <= set(COMMANDS)


def blocks(language: str) -> list:
    """The code blocks of a language, in every page."""
    found = [
        pytest.param(block, id=f"{page.stem}-{number}")
        for page in PAGES
        for number, block in enumerate(re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL))
    ]
    assert found
    return found


@pytest.fixture(scope="module")
def recording_and_model(tmp_path_factory):
    """A recording and an untrained model: they stand for those that the documents name."""
    folder = tmp_path_factory.mktemp("documents")
    recording, model = folder / "a.wav", folder / "model.onnx"
    soundfile.write(recording, 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    network = create_network("compact", n_mels=128, n_classes=2)
    rows = ((1.0, 0.0), (0.0, 1.0))
    adaptation = Adaptation(means=rows, covariance=rows, spread=1.0, offsets=1.0)
    spec = Spec(name="m", labels=("a", "b"), front_end=FrontEnd(), network="compact", adaptation=adaptation)
    export_onnx(network, spec, model)
    return recording, model


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(code, recording_and_model, tmp_path, monkeypatch, capsys):
    recording, model = recording_and_model
    monkeypatch.chdir(tmp_path)
    for name in ("anger/anna_1.wav", "sadness/ben_1.wav"):
        (tmp_path / "recordings" / name).parent.mkdir(parents=True)
        shutil.copy(recording, tmp_path / "recordings" / name)
    (tmp_path / "results").mkdir()
    pd.DataFrame({"file": ["a.wav"], "state": ["error"], "error": ["is no recording"]}).to_parquet(
        tmp_path / "results" / "chunk.parquet"
    )
    code = re.sub(r'"[^"]+\.(?:wav|m4a)"', repr(str(recording)), code)
    code = re.sub(
        r'(model=|load_model\(|InferenceSession\()"[^"]+"', lambda match: match[1] + repr(str(model)), code
    )
    exec(code, {})
    assert capsys.readouterr().out


@pytest.mark.parametrize("text", blocks("toml"))
def test_recipes_are_recipes(text):
    assert Recipe.from_dict(tomllib.loads(text)).name


def test_the_example_is_what_the_bundled_model_prints(shared, monkeypatch, capsys):
    """Written again by scripts/make_bundled_model.py."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (clip, shown), *_ = re.findall(
        r"```console\n\$ serenade predict (\S+\.wav)\n(.*?)\n```", readme, re.DOTALL
    )
    monkeypatch.chdir(shared / "cremad" / "AudioWAV")
    assert run(["predict", clip]) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == shown.splitlines()
