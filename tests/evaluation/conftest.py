"""Made predictions: three emotions, six speakers, right about two times in three."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

LABELS = ("anger", "fear", "neutral")


def made_predictions(
    clips: int = 60, *, seed: int = 0, folder: str = "/nowhere", suffix: str = ".npy"
) -> pd.DataFrame:
    """A table as `evaluate_predictions` takes it; the files do not exist unless `folder` has them."""
    rng = np.random.default_rng(seed)
    true = np.resize(np.arange(3), clips)
    scores = rng.dirichlet(np.ones(3), clips)
    scores[np.arange(clips), true] += rng.uniform(0, 0.9, clips)
    scores /= scores.sum(1, keepdims=True)
    table = pd.DataFrame(
        {
            "file": [f"{folder}/clip{i:03d}{suffix}" for i in range(clips)],
            "source": [f"clip{i:03d}" for i in range(clips)],
            "speaker": [f"{i // 3 % 6:02d}" for i in range(clips)],
            "emotion": [LABELS[i] for i in true],
            "predicted": [LABELS[i] for i in scores.argmax(1)],
            "confidence": scores.max(1),
        }
    )
    for i, label in enumerate(LABELS):
        table[f"score_{label}"] = scores[:, i]
    return table


@pytest.fixture
def predictions() -> pd.DataFrame:
    return made_predictions()


@pytest.fixture
def made() -> Callable[..., pd.DataFrame]:
    """The maker of such tables, for tests that want several."""
    return made_predictions


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder whose test speakers are those of `predictions`, and were not trained on."""
    folder = tmp_path / "run"
    folder.mkdir()
    lines = [
        f'{{"epoch": {e}, "step": {e}, "train_loss": {1 / e}, "dev_loss": {1.2 / e}, "dev_uar": {e / 9}, '
        f'"dev_accuracy": 0.4, "lr": 0.001, "seconds": 1.0}}'
        for e in range(1, 5)
    ]
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "recipe.toml").write_text('[training]\nepochs = 4  # <few> & "quoted"\n')
    test = made_predictions()[["file", "source", "speaker", "emotion"]].assign(part="test")
    train = test.assign(source="t" + test["source"], speaker="1" + test["speaker"], part="train")
    pd.concat([test, train]).to_csv(folder / "split.csv", index=False)
    return folder
