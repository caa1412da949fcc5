"""Speaker adaptation on synthetic logits whose offsets are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from serenade.adaptation import Adaptation, softmax
from serenade.errors import ModelError
from serenade.inference.adaptation import SpeakerState, adapted_probabilities, fit_adaptation, logits_of

K = 5
MEANS = 3.0 * np.eye(K) - 0.6


def clips(labels, *, offset=0.0, noise=0.5, seed=0):
    """Logits of clips of these labels [shape=(n, K)]."""
    rng = np.random.default_rng(seed)
    return MEANS[np.asarray(labels, int)] + offset + noise * rng.normal(size=(len(labels), K))


def fitted(*, noise=0.5, deviation=1.0):
    """Fitted on eight speakers whose offsets have a standard deviation."""
    labels, speakers = np.arange(400) % K, np.arange(400) // 50
    offsets = deviation * np.random.default_rng(1).normal(size=(8, K))
    return fit_adaptation(clips(labels, offset=offsets[speakers], noise=noise), labels, speakers)


@pytest.fixture(scope="module")
def adaptation():
    return fitted()


OFFSET = np.array([3.0, 0.0, -1.5, -1.5, 0.0])
"""Of a speaker whose every clip is found to be of the first class."""


def uar(labels, probabilities):
    right = probabilities.argmax(1) == labels
    return np.mean([right[labels == label].mean() for label in np.unique(labels)])


def test_a_known_offset_is_removed(adaptation):
    labels = np.arange(200) % K
    logits = clips(labels, offset=OFFSET, seed=2)
    found = adaptation.enrol(logits)
    assert found.trust == pytest.approx(0.999, abs=0.001)
    np.testing.assert_allclose(found.offset, OFFSET, atol=0.3)
    assert uar(labels, softmax(logits)) < 0.6
    assert uar(labels, adaptation.apply(logits)) > 0.98


def test_clips_enrol_a_speaker_for_other_clips(adaptation):
    labels = np.arange(200) % K
    speaker = adaptation.enrol(clips(np.arange(10) % K, offset=OFFSET, seed=3))
    assert speaker.trust > 0.9
    assert uar(labels, speaker.probabilities(clips(labels, offset=OFFSET, seed=4))) > 0.95


@pytest.mark.parametrize("n", [0, 1, 2])
def test_up_to_two_clips_change_nothing(adaptation, n):
    logits = clips([0, 3][:n], offset=OFFSET)
    logits = logits.reshape(n, K)
    expected = softmax((logits - logits.mean(1, keepdims=True)) / adaptation.temperature)
    assert adaptation.enrol(logits).trust == 0
    np.testing.assert_array_equal(adaptation.apply(logits), expected)
    assert adaptation.apply(logits).shape == (n, K)


MIXES = {
    "balanced": (1, 1, 1, 1, 1),
    "one emotion": (1, 0, 0, 0, 0),
    "two emotions": (1, 1, 0, 0, 0),
    "mostly one emotion": (0.8, 0.05, 0.05, 0.05, 0.05),
    "three emotions": (0.6, 0.2, 0.2, 0, 0),
}


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize(("noise", "deviation"), [(0.5, 1.0), (0.8, 0.5), (1.2, 0.3), (1.2, 1.0)])
def test_no_number_or_mix_of_clips_costs_a_point(noise, deviation, mix):
    """The mean over speakers, some of whom have no offset: at most a point below the unadapted score."""
    adaptation, everything = fitted(noise=noise, deviation=deviation), np.arange(200) % K
    shares = np.array(MIXES[mix]) / sum(MIXES[mix])
    for n in (3, 8, 32, 200):
        changes = []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            offset = (seed % 2) * deviation * rng.normal(size=K)
            labels = rng.choice(K, size=n, p=shares)
            speaker = adaptation.enrol(clips(labels, offset=offset, noise=noise, seed=seed))
            logits = clips(everything, offset=offset, noise=noise, seed=100 + seed)
            changes.append(uar(everything, speaker.probabilities(logits)) - uar(everything, softmax(logits)))
        assert np.mean(changes) > -0.01, n


def test_equal_clips_are_not_used(adaptation):
    assert adaptation.enrol(np.tile(MEANS[2] + OFFSET, (50, 1))).trust == 0


LOGITS = arrays(np.float64, st.tuples(st.integers(0, 12), st.just(K)), elements=st.floats(-20, 20, width=32))


@settings(max_examples=60, deadline=None)
@given(logits=LOGITS, seed=st.integers(0, 9))
def test_the_order_of_clips_never_changes_a_result(adaptation, logits, seed):
    order = np.random.default_rng(seed).permutation(len(logits))
    np.testing.assert_array_equal(adaptation.apply(logits)[order], adaptation.apply(logits[order]))


@settings(max_examples=60, deadline=None)
@given(logits=LOGITS, constant=st.floats(-100, 100))
def test_a_constant_added_to_all_logits_changes_nothing(adaptation, logits, constant):
    np.testing.assert_allclose(adaptation.apply(logits + constant), adaptation.apply(logits), atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(logits=LOGITS)
def test_one_clip_at_a_time_equals_all_at_once(adaptation, logits):
    state = SpeakerState(adaptation)
    for number, row in enumerate(logits, start=1):
        state.add(row)
        expected = adaptation.enrol(logits[:number]).probabilities(logits)
        np.testing.assert_allclose(state.probabilities(logits), expected, atol=1e-9)
        assert state.speaker.clips == number


@settings(max_examples=60, deadline=None)
@given(logits=LOGITS)
def test_results_are_probabilities(adaptation, logits):
    found = adaptation.apply(logits)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-9)


def test_with_no_trust_calibrated_probabilities_stay_the_same_to_the_last_bit(adaptation):
    probabilities = softmax(clips([0, 1], noise=30.0))
    speaker = adaptation.enrol(logits_of(probabilities))
    np.testing.assert_array_equal(adapted_probabilities(probabilities, speaker), probabilities)


@pytest.mark.parametrize("logits", [np.zeros(K), np.zeros((2, K + 1)), np.full((2, K), np.nan)])
def test_other_logits_are_refused(adaptation, logits):
    with pytest.raises(ModelError, match=rf"finite logits of the shape \(clips, {K}\), not \("):
        adaptation.apply(logits)


def test_the_means_and_the_temperature_are_those_of_the_training_speakers(adaptation):
    np.testing.assert_allclose(np.diag(adaptation.means), np.diag(MEANS), atol=0.6)
    assert (adaptation.speakers, adaptation.clips) == (8, 400)
    within = np.asarray(adaptation.covariance)
    assert np.trace(within) == pytest.approx(0.5**2 * (K - 1), rel=0.15)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"speakers": np.zeros(400)}, "needs several speakers, and there are 1"),
        ({"labels": np.arange(400) % (K - 1)}, "needs clips of every class"),
        ({"labels": np.arange(399)}, "a label and a speaker for each clip"),
        ({"logits": np.full((400, K), np.inf)}, "finite logits"),
        ({"logits": np.zeros((400, 40))}, "is possible for 2 to 32 labels, not 40"),
    ],
)
def test_what_an_adaptation_cannot_be_fitted_to_is_named(change, reason):
    labels = np.arange(400) % K
    given = {"logits": clips(labels), "labels": labels, "speakers": np.arange(400) // 50} | change
    with pytest.raises(ModelError, match=reason):
        fit_adaptation(given.pop("logits"), given.pop("labels"), given.pop("speakers"))


def test_the_json_form_keeps_every_bit_and_is_small(adaptation):
    text = json.dumps(adaptation.to_dict())
    assert Adaptation.from_dict(json.loads(text)) == adaptation
    assert len(text) < 20 * 2 * K * K


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"spread": 0}, "'spread' must be between"),
        ({"spread": float("nan")}, "'spread' must be between"),
        ({"temperature": 1e308}, "'temperature' must be between"),
        ({"means": [[1e300] * K] * K}, r"'means\[0\]\[0\]' must be between"),
        ({"means": [[0.0] * K]}, "'means' must have 2 to 32 entries, and has 1"),
        ({"means": [[0.0] * K] * 2}, "'means' and 'covariance' must be square, of the same size"),
        ({"means": 3}, "'means' must be a list"),
        ({"covariance": [[0.0] * K] * K}, "must be symmetric and positive definite"),
        ({"covariance": (-np.eye(K)).tolist()}, "must be symmetric and positive definite"),
        ({"covariance": (np.eye(K) + np.eye(K, k=1)).tolist()}, "must be symmetric and positive definite"),
        ({"covariance": np.eye(3).tolist()}, "'means' and 'covariance' must be square, of the same size"),
        ({"covariance": [[1.0] * 100_000] * 2}, "must have 2 to 32 entries, and has 100,000"),
        ({"speakers": -1}, "'speakers' must be between"),
        ({"favourite": 1}, "unknown key 'favourite'"),
    ],
)
def test_hostile_values_are_refused(adaptation, change, reason):
    with pytest.raises(ModelError, match=rf"^adaptation: .*{reason}"):
        Adaptation.from_dict(adaptation.to_dict() | change)
