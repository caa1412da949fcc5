"""Synthetic predictions: three emotions, six speakers, correct about two times in three."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serenade import load_model
from serenade.evaluation.evaluate import Evaluation, evaluate_predictions
from serenade.folders import RunFolder, SplitRow

LABELS = ("anger", "fear", "neutral")


def synthetic_predictions(
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
            "id": [f"clip{i:03d}" for i in range(clips)],
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
    return synthetic_predictions()


@pytest.fixture
def synthetic() -> Callable[..., pd.DataFrame]:
    """The function that makes such tables, for tests that need several."""
    return synthetic_predictions


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run whose test speakers are those of `predictions` and are not in train."""
    folder = RunFolder(tmp_path / "run")
    folder.write_log(
        {"epoch": e, "train_loss": 1 / e, "dev_loss": 1.2 / e, "dev_uar": e / 9, "lr": 0.001, "seconds": 1}
        for e in range(1, 5)
    )
    folder.write_recipe('[training]\nepochs = 4  # <few> & "quoted"\n')
    test = [
        SplitRow(
            id=row.id, file=row.file, source=row.source, speaker=row.speaker, emotion="fear", part="test"
        )
        for row in synthetic_predictions().itertuples()
    ]
    train = [
        SplitRow(
            id=f"t{row.id}",
            file="",
            source=f"t{row.source}",
            speaker=f"1{row.speaker}",
            emotion="",
            part="train",
        )
        for row in test
    ]
    folder.write_split(test + train)
    return folder


@pytest.fixture
def evaluation(model_file: Path, voices: list[Path], tmp_path: Path) -> Evaluation:
    """The toy model on twelve voices of three speakers, labelled with its own predictions but for two."""
    model = load_model(model_file)
    rows = []
    for number, file in enumerate(voices):
        prediction = model.predict(file)
        rows.append(
            {
                "id": file.stem,
                "file": str(file),
                "source": file.stem,
                "speaker": str(number % 3),
                "emotion": "fear" if number < 2 else prediction.emotion,
                "predicted": prediction.emotion,
                "confidence": prediction.confidence,
                "duration_s": prediction.quality.duration_s,
                **{f"score_{label}": score for label, score in prediction.scores.items()},
            }
        )
    metrics = evaluate_predictions(
        pd.DataFrame(rows), labels=model.spec.labels, out=tmp_path / "evaluation", spec=model.spec
    )
    return Evaluation(
        folder=tmp_path / "evaluation", metrics=metrics, data="voices", models=(({}, model_file),)
    )
