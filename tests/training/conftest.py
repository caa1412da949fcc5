"""A tiny store whose emotions can be learnt, and recipes that train on it in about a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from serenade.audio.logmel import FrontEnd
from serenade.features.store import Store, write_store
from serenade.training import fold_run as fold_run_module
from serenade.training import publish as model_folder
from serenade.training.recipe import Recipe

LABELS = ("anger", "neutral", "sadness")
FRONT_END = FrontEnd(rate_hz=8000, n_fft=256, hop=160, n_mels=16, fmax_hz=4000.0)
TINY = {"name": "compact", "options": {"stem": 16, "widths": [16, 16, 16], "projection": 16, "dropout": 0.1}}


def write_tiny_store(
    path: Path,
    *,
    seed: int = 0,
    speakers: int = 6,
    clips: int = 4,
    labels: tuple[str, ...] = LABELS,
    copies: bool = False,
    votes: bool = False,
    labelled: bool = True,
    front_end: FrontEnd = FRONT_END,
    change: Callable[[pd.DataFrame, list[np.ndarray]], None] | None = None,
) -> Store:
    """Clips of noise, in each a band that its emotion raises; `change` may alter rows and features."""
    rng = np.random.default_rng(seed)
    rows, features = [], []
    for speaker in range(1, speakers + 1):
        for number, emotion in enumerate(labels):
            for clip in range(clips):
                source = f"{speaker:02d}_{emotion}_{clip}"
                for variant in ("original", "noise_low") if copies else ("original",):
                    sound = rng.normal(-40, 4, (int(rng.integers(12, 30)), front_end.n_mels))
                    sound[:, 4 * number : 4 * number + 4] += 16
                    features.append(sound.astype(np.float32))
                    row = {
                        "id": source if variant == "original" else f"{source}_{variant}",
                        "file": f"/nowhere/{source}.wav",
                        "source": source,
                        "start": np.nan,
                        "end": np.nan,
                        "variant": variant,
                        "emotion": emotion if labelled else "",
                        "speaker": f"{speaker:02d}",
                        "sex": "female" if speaker % 2 else "male",
                        "language": "en",
                        "corpus": "toy",
                        "split": "",
                        "sha256": f"{source}{variant}",
                        "state": "ok",
                    }
                    if votes:
                        heard = rng.multinomial(10, [0.6, 0.3, 0.1])
                        row |= dict(
                            zip((f"emotion_{label}" for label in labels), heard.astype(float), strict=True)
                        )
                    rows.append(row)
    table = pd.DataFrame(rows)
    if change is not None:
        change(table, features)
    table["frames"] = [len(sound) for sound in features]
    return write_store(path, features, table, front_end=front_end)


@pytest.fixture(scope="session")
def make_store() -> Callable[..., Store]:
    """`make_store(path, **how)` writes a tiny store."""
    return write_tiny_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """72 clips of 6 speakers and 3 emotions."""
    return write_tiny_store(tmp_path_factory.mktemp("stores") / "tiny")


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Recipe]:
    """`tiny(data={...}, training={...})`: a recipe of two epochs of the smallest network."""

    def recipe(**sections: Any) -> Recipe:
        training = {"epochs": 2, "batch_size": 8, "learning_rate": 0.03, "precision": "fp32"}
        return Recipe.from_dict(
            {
                "name": "tiny",
                "network": TINY,
                **sections,
                "data": {"split": "grouped-3", "fold": 1} | sections.get("data", {}),
                "training": training | sections.get("training", {}),
            }
        )

    return recipe


@pytest.fixture(scope="session")
def weights_of() -> Callable[[Path], dict[str, torch.Tensor]]:
    """The trained weights in a run folder."""
    return lambda run: load_file(run / "model" / "model.safetensors")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs without pictures and without ONNX, which take longer than training here."""
    monkeypatch.setattr(fold_run_module, "write_curves", lambda *_, **__: None)
    monkeypatch.setattr(model_folder, "export_onnx", lambda network, spec, file: file.touch())


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Sums in one order, and no waiting for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
