"""`unsure` at a stated precision: the model's own table of thresholds, from Python and the command."""

from __future__ import annotations

import numpy as np
import pytest

from serenade import load_model
from serenade.errors import ModelError
from serenade.evaluation.selective import threshold_of_each
from serenade.inference.precision import threshold_of


@pytest.fixture(scope="module")
def model(model_file):
    return load_model(model_file)


@pytest.mark.parametrize(
    ("precision", "threshold"), [(0.5, 0.4), (0.8, 0.4), (0.81, 0.6), (0.85, 0.6), (0.9, 0.999)]
)
def test_the_next_step_of_the_table_is_used(model, precision, threshold):
    changed = model.with_precision(precision)
    assert changed.spec.unsure_below == threshold
    assert model.spec.unsure_below == 0.4


@pytest.mark.parametrize(
    ("precision", "message"),
    [
        (0.95, "reaches a precision of 90% on held-out speakers, not 95%"),
        (0.3, "from 0.5 to 0.95, not 0.3"),
        (float("nan"), "from 0.5 to 0.95"),
    ],
)
def test_what_cannot_be_reached_is_one_sentence(model, precision, message):
    with pytest.raises(ModelError, match=message):
        model.with_precision(precision)


def test_a_model_without_a_table_is_one_sentence():
    with pytest.raises(ModelError, match="has no thresholds for a precision"):
        threshold_of({}, 0.8)


def test_the_precision_is_reached_on_the_clips_that_the_table_is_made_of():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 1.0, 4000)
    correct = rng.random(4000) < confidence
    probabilities = np.stack([confidence, *[(1 - confidence) / 3] * 3], axis=1)
    targets = np.where(correct, 0, 1)
    assert (probabilities.argmax(1) == 0).all()
    table = threshold_of_each(probabilities, targets)
    assert {"0.7", "0.8", "0.9", "0.95"} <= table.keys()
    for name, threshold in table.items():
        kept = confidence >= threshold
        assert correct[kept].mean() >= float(name)
        assert correct[kept].mean() == pytest.approx(max(float(name), correct.mean()), abs=0.02)
