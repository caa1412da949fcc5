"""A made corpus, a store and a run that the verbs can be tried on, each made once by the command itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

from serenade.cli.main import run

EMOTIONS = ("ANG", "NEU", "SAD")
FRONT_END = {"rate_hz": 8000, "n_fft": 256, "hop": 160, "n_mels": 16, "fmax_hz": 4000.0}
RECIPE = """
name = "tiny"
[data]
split = "grouped-3"
fold = 1
[network]
options = {stem = 16, widths = [16, 16, 16], projection = 16}
[training]
epochs = 1
batch_size = 8
precision = "fp32"
"""


class Ran(NamedTuple):
    status: int
    stdout: str
    stderr: str

    def is_one_sentence(self) -> bool:
        """Whether it was refused as it should be: exit 1, one line on stderr, no traceback."""
        lines = self.stderr.strip().splitlines()
        return self.status == 1 and len(lines) == 1 and "Traceback" not in self.stderr


def made_clip(rng: np.random.Generator, pitch_hz: float, duration_s: float, rate_hz: int) -> np.ndarray:
    time_s = np.arange(int(duration_s * rate_hz)) / rate_hz
    return 0.3 * np.sin(2 * np.pi * pitch_hz * time_s) + 0.02 * rng.normal(size=len(time_s))


@pytest.fixture(scope="module")
def model(toy: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy model of sound."""
    return toy.write_toy_model(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture
def calls(toy: ModuleType, tmp_path: Path) -> Path:
    """A folder of four recordings and one file that only looks like one."""
    folder = tmp_path / "calls"
    for i, name in enumerate(("a.wav", "b.flac", "sub/c.ogg", "sub/d.wav")):
        toy.write_voice(folder / name, 1.0 + i / 2, seed=i, level=0.1 + 0.2 * i)
    (folder / "bad.wav").write_text("not sound")
    return folder


@pytest.fixture
def serenade(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`serenade("train", recipe, ...)` in this process."""

    def ran(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        return Ran(status, *capsys.readouterr())

    return ran


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 clips named as CREMA-D names them: 6 speakers, 3 emotions that differ in pitch."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for speaker in range(1001, 1007):
        for emotion, pitch_hz in zip(EMOTIONS, (800, 300, 150), strict=True):
            for sentence in ("DFA", "IEO"):
                sound = made_clip(rng, pitch_hz, rng.uniform(0.25, 0.4), 8000)
                soundfile.write(folder / f"{speaker}_{sentence}_{emotion}_XX.wav", sound, 8000)
    return folder


@pytest.fixture(scope="session")
def front_end_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small front end."""
    file = tmp_path_factory.mktemp("front_end") / "small.json"
    file.write_text(json.dumps(FRONT_END))
    return file


@pytest.fixture(scope="session")
def stored(corpus: Path, front_end_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus as a store."""
    store = tmp_path_factory.mktemp("stores") / "store"
    assert not run(
        ["prepare", str(corpus), "--out", str(store), "--front-end", str(front_end_file), "--jobs", "1"]
    )
    return store


@pytest.fixture(scope="session")
def recipe_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe of one epoch."""
    file = tmp_path_factory.mktemp("recipes") / "tiny.toml"
    file.write_text(RECIPE)
    return file


@pytest.fixture(scope="session")
def trained(stored: Path, recipe_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; not to be written to."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    assert not run(["train", str(recipe_file), "--store", str(stored), "--out", str(out)])
    return out
