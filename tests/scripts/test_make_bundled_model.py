"""A finished run becomes a bundled model, with a card of its own figures."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serenade import evaluate, load_model, train
from serenade.audio.front_end import FrontEnd
from serenade.errors import CorpusError
from serenade.features.store import write_store
from serenade.folders import RunFolder
from serenade.training.card_results import NATURAL_SPEECH
from serenade.training.recipe import Recipe

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "make_bundled_model.py"))
LABELS = ("anger", "neutral", "sadness")
FRONT_END = FrontEnd(rate_hz=8000, n_fft=256, hop=160, n_mels=16, fmax_hz=4000.0)


def made_store(path):
    """Noise whose bands depend on the emotion, by 12 speakers of two corpora."""
    rng, rows, features = np.random.default_rng(0), [], []
    for speaker in range(12):
        for number, emotion in enumerate(LABELS):
            for take in range(5):
                sound = rng.normal(-40, 4, (20, 16))
                sound[:, 4 * number : 4 * number + 4] += 16
                features.append(sound.astype(np.float32))
                name = f"{speaker:02}_{emotion}_{take}"
                rows.append(
                    {
                        "id": name,
                        "file": f"/nowhere/{name}.wav",
                        "source": name,
                        "start": np.nan,
                        "end": np.nan,
                        "variant": "original",
                        "emotion": emotion,
                        "speaker": f"{speaker:02}",
                        "sex": ("female", "male")[speaker % 2],
                        "language": "en",
                        "corpus": ("ravdess", "nemo")[speaker // 6],
                        "split": "",
                        "sha256": name,
                        "state": "ok",
                        "frames": 20,
                    }
                )
    return write_store(path, features, pd.DataFrame(rows), front_end=FRONT_END)


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """The run, its metrics and the folder of the bundled model."""
    folder = tmp_path_factory.mktemp("bundled")
    options = {"stem": 16, "widths": [16, 16, 16], "projection": 16}
    recipe = Recipe.from_dict(
        {
            "name": "toy",
            "network": {"name": "compact", "options": options},
            "data": {"split": "mixed-3"},
            "training": {"epochs": 1, "batch_size": 8, "learning_rate": 0.03, "precision": "fp32"},
        }
    )
    run = train(recipe, store=made_store(folder / "store"), out=folder / "run", refit=True)
    metrics = evaluate(run, audio=False).metrics
    natural = {
        "meetings": {"files": 6, "stretches": 9, "before": {"fear": 7, "unsure": 2}, "after": {"unsure": 9}},
        "corpora": [
            {"corpus": "emovo", "clips": 588, "accuracy": 0.361}
            | {
                f"{name}_{when}": 0.25
                for name in ("confidence", "ece", "unsure")
                for when in ("before", "after")
            }
        ],
    }
    (folder / "run" / "evaluation" / NATURAL_SPEECH).write_text(json.dumps(natural))
    (folder / "assets").mkdir()
    return run, metrics, SCRIPT["bundle"](folder / "run", "toy", assets=folder / "assets")


def test_it_has_what_prediction_needs_and_no_more(bundled):
    _, _, folder = bundled
    names = {file.name for file in folder.iterdir()}
    assert names == {"README.md", "config.json", "model.onnx", "trained_on.json"}
    assert load_model(folder).spec.domain is not None


def test_every_figure_of_the_card_is_of_the_evaluation(bundled):
    _, metrics, folder = bundled
    card = (folder / "README.md").read_text(encoding="utf-8")
    uar = metrics["mean"]["uar"]
    assert f"| UAR | {100 * uar['value']:.1f} | {100 * uar['low']:.1f} to {100 * uar['high']:.1f} |" in card
    for label, entry in metrics["pooled"]["per_class"].items():
        assert f"| {label} | {entry['support']:,} | {100 * entry['recall']:.1f} |" in card
    assert f"(ECE) is {100 * metrics['calibration']['ece']:.1f} points" in card
    assert f"has {(folder / 'model.onnx').stat().st_size / 1e6:.1f} MB" in card
    assert "forbids commercial use" in card
    assert "| domain check | `unsure` beyond the distance" in card
    for attribute, groups in metrics["groups"].items():
        assert f"### By {attribute}" in card
        assert all(f"| {row['name']} | {row['clips']} |" in card for row in groups)
    assert set(metrics["groups"]) == {"corpus", "sex"}
    assert "| fear | 7 | 0 |" in card
    assert "| unsure | 2 | 9 |" in card
    assert "| emovo | 588 | 36.1 |" in card
    assert card.index("## Results") < card.index("## Natural speech") < card.index("## Limits")
    assert not re.search(r"\bnan\b|None", card)


def test_a_run_that_is_not_evaluated_is_refused(bundled, tmp_path):
    run, _, _ = bundled
    folder = RunFolder(Path(run)).evaluation
    moved = folder.rename(tmp_path / "evaluation")
    try:
        with pytest.raises(CorpusError, match="run serenade evaluate"):
            SCRIPT["bundle"](Path(run), "toy", assets=tmp_path)
        assert not (tmp_path / "toy").exists()
    finally:
        moved.rename(folder)
