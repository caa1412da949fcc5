"""Predictions adapted to speakers and restricted to some labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serenade.inference.adaptation import adapted_probabilities, fit_adaptation, logits_of
from serenade.inference.prediction import ModelName, Prediction, Quality
from serenade.inference.speakers import Speakers, Turn
from serenade.output.adapted import AdaptedPredictions

LABELS = ("anger", "calm", "fear", "sadness")
QUALITY = Quality(duration_s=1.0, speech_ratio=1.0, level_dbfs=-20.0, clipped=False)
MODEL = ModelName(name="toy", version="1", license="MIT")


def softmax(logits):
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


def test_all_labels_are_adapted_before_some_are_chosen():
    rng, true = np.random.default_rng(0), np.arange(96) % 4
    offsets = 1.5 * rng.normal(size=(7, 4))
    logits = 4 * np.eye(4)[true] + offsets[np.arange(96) // 16] + 0.3 * rng.normal(size=(96, 4))
    adaptation = fit_adaptation(logits, true, np.arange(96) // 16, temperature=1.0)
    own = softmax(4 * np.eye(4)[true[:16]] + offsets[6])
    rows = [
        Prediction.of(
            dict(zip(LABELS, map(float, scores), strict=True)),
            quality=QUALITY,
            model=MODEL,
            end=1.0,
            file=f"{number}.wav",
        )
        for number, scores in enumerate(own)
    ]
    speaker = adaptation.enrol(logits_of(own))
    assert speaker.trust > 0.5
    files = [Path(str(row.file)) for row in rows]
    results = {}
    for chosen in (None, ("calm", "sadness")):
        predictions = AdaptedPredictions(
            files=files,
            adaptation=adaptation,
            speakers=Speakers(turns={str(file): [Turn(speaker="Ann")] for file in files}),
            labels=LABELS,
            unsure_below=0.6,
            chosen=chosen,
        )
        results[chosen] = [row for (row,) in predictions.predict_all([[row] for row in rows])]
    for full, row, scores in zip(*results.values(), adapted_probabilities(own, speaker), strict=True):
        assert [full.scores[label] for label in LABELS] == pytest.approx(list(scores))
        calm, sadness = full.scores["calm"], full.scores["sadness"]
        assert row.scores == pytest.approx(
            {"calm": calm / (calm + sadness), "sadness": sadness / (calm + sadness)}
        )
        assert row.adaptation == full.adaptation == speaker.trust
        assert row.state == ("unsure" if max(row.scores.values()) < 0.6 else "ok")
