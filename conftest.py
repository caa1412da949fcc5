"""The folder in which the examples of docstrings run: recordings, models, a corpus, a store and a run."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
import soundfile

TOY_MODEL = Path(__file__).parent / "tests" / "toy_model.py"
RECIPE = """
name = "tiny"
[data]
split = "grouped-3"
fold = 1
[network]
options = {stem = 16, widths = [16, 16, 16], projection = 16}
[training]
epochs = 1
precision = "fp32"
"""


@pytest.fixture(scope="session")
def example_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings (one speaker's in `speaker`) and the models `model`, `text` and `adapted`."""
    folder = tmp_path_factory.mktemp("examples")
    toy = runpy.run_path(str(TOY_MODEL))
    toy["write_voice"](folder / "call.wav", 2.0)
    toy["write_voice"](folder / "long.wav", 12.0)
    toy["write_toy_model"](folder / "model.onnx")
    toy["write_toy_text_model"](folder / "text.onnx")
    toy["write_toy_adapted_model"](folder / "adapted.onnx")
    toy["write_speaker"](folder / "speaker")
    return folder


@pytest.fixture(scope="session")
def example_run(example_folder: Path) -> None:
    """In the same folder `corpus` (6 speakers, 3 emotions), `store`, `recipe.toml`, `run`."""
    from serenade import prepare, train

    rng = np.random.default_rng(0)
    (example_folder / "corpus").mkdir()
    for speaker in range(1001, 1007):
        for emotion, pitch_hz in (("ANG", 800), ("NEU", 300), ("SAD", 150)):
            for sentence in ("DFA", "IEO"):
                time_s = np.arange(4_000 + 200 * int(rng.integers(9))) / 16_000
                sound = 0.3 * np.sin(2 * np.pi * pitch_hz * time_s) + 0.02 * rng.normal(size=time_s.size)
                soundfile.write(
                    example_folder / "corpus" / f"{speaker}_{sentence}_{emotion}_XX.wav", sound, 16_000
                )
    (example_folder / "recipe.toml").write_text(RECIPE)
    store = prepare(example_folder / "corpus", example_folder / "store", jobs=1)
    train(example_folder / "recipe.toml", store=store, out=example_folder / "run")


@pytest.fixture(autouse=True)
def _run_examples_in_their_folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        if any(f'"{name}"' in request.node.dtest.docstring for name in ("corpus", "recipe.toml", "run")):
            request.getfixturevalue("example_run")
        monkeypatch.chdir(request.getfixturevalue("example_folder"))
