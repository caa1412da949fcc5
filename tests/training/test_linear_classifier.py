"""The closed form against plain solutions of the same problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serenade.training.linear_classifier import (
    LinearClassifier,
    TrainingClips,
    _row_weights,
    fit_linear_classifier,
)

N, WIDTH, CLASSES = 90, 40, 3
PENALTY, OTHER, ABSENT = 0.7, 0.3, 0.05


@pytest.fixture
def clips() -> TrainingClips:
    """Ten speakers of a corpus with three classes, and five of another with two; speakers have offsets."""
    rng = np.random.default_rng(0)
    speakers = np.arange(N) // 6
    is_main = np.arange(N) < 60
    targets = np.arange(N) % CLASSES
    targets = np.where(is_main, targets, np.minimum(targets, 1))
    features = (
        rng.normal(size=(N, WIDTH)) + np.eye(CLASSES, WIDTH)[targets] + rng.normal(size=(15, WIDTH))[speakers]
    )
    return TrainingClips(
        features=features.astype(np.float32),
        targets=targets,
        n_classes=CLASSES,
        corpora=np.where(is_main, "one", "two").astype(object),
        is_main=is_main,
        is_original=np.ones(N, bool),
        groups=speakers.astype(object),
    )


def fitted(clips: TrainingClips) -> LinearClassifier:
    return fit_linear_classifier(clips, penalty=PENALTY, other_corpora_weight=OTHER)


def plain_logits(clips: TrainingClips, kept: np.ndarray) -> np.ndarray:
    """Weighted ridge regression in its primal form with a bias for each corpus, on the kept clips."""
    rows = np.zeros((N, WIDTH))
    weights = np.zeros(N)
    for corpus, total in (("one", 60), ("two", OTHER * 30)):
        chosen = clips.corpora == corpus
        counts = np.bincount(clips.targets[chosen], minlength=CLASSES)
        share = 1 / counts[clips.targets[chosen]] / (counts > 0).sum()
        mean = share @ clips.features[chosen]
        scale = clips.features[chosen].std(0)
        rows[chosen] = (clips.features[chosen] - mean) / (scale + 1e-3 * scale.mean())
        weights[chosen] = total * share
    members = np.stack([clips.is_main, ~clips.is_main], 1).astype(float)
    design = np.concatenate([rows / WIDTH**0.5, members], 1)[kept]
    penalty = np.diag([PENALTY] * WIDTH + [0, 0])
    logits = np.zeros((N, CLASSES))
    for label in range(CLASSES):
        factor = np.where(clips.is_main | (label < 2), 1, ABSENT)
        of_rows = (weights * factor)[kept]
        wanted = np.where(clips.targets[kept] == label, 1.0, -1.0)
        solution = np.linalg.solve(
            design.T @ (of_rows[:, None] * design) + penalty, design.T @ (of_rows * wanted)
        )
        logits[:, label] = rows / WIDTH**0.5 @ solution[:WIDTH] + solution[WIDTH]
    return logits


def test_logits_are_those_of_the_primal_problem(clips):
    expected = plain_logits(clips, np.ones(N, bool))[clips.is_main]
    np.testing.assert_allclose(fitted(clips).logits, expected, atol=1e-4)


def test_held_out_logits_are_those_of_a_fit_without_the_group(clips):
    found = fitted(clips).held_out_logits
    for group in range(10):
        without = clips.groups != group
        expected = plain_logits(clips, without)[~without]
        np.testing.assert_allclose(found[6 * group : 6 * group + 6], expected, atol=1e-4)


def test_weights_and_bias_give_the_logits(clips):
    found = fitted(clips)
    features = clips.features[clips.is_main]
    logits = ((features - found.mean.numpy()) / found.scale.numpy()) @ found.weight.numpy().T
    np.testing.assert_allclose(logits + found.bias.numpy(), found.logits, atol=1e-4)


def test_copies_do_not_raise_the_weight_of_a_corpus(clips):
    """Each clip twice, one of them a copy: the same classifier."""
    twice = TrainingClips(
        **{
            name: np.concatenate([value, value]) if isinstance(value, np.ndarray) else value
            for name, value in vars(clips).items()
        }
    )
    twice = replace(twice, is_original=np.arange(2 * N) < N)
    np.testing.assert_allclose(fitted(twice).logits[:60], fitted(clips).logits, atol=1e-4)


def test_copies_have_a_quarter_of_the_weight(clips):
    copies = replace(clips, is_original=np.arange(N) % 2 == 0)
    weights = _row_weights(copies, 0.2)
    for corpus in np.unique(clips.corpora):
        rows = clips.corpora == corpus
        share = weights[rows & ~copies.is_original].sum() / weights[rows].sum()
        assert share == pytest.approx(0.25)


def test_the_order_of_clips_changes_nothing(clips):
    order = np.random.default_rng(1).permutation(N)
    shuffled = TrainingClips(
        **{
            name: value[order] if isinstance(value, np.ndarray) else value
            for name, value in vars(clips).items()
        }
    )
    np.testing.assert_allclose(
        fitted(shuffled).held_out_logits, fitted(clips).held_out_logits[order[order < 60]], atol=1e-4
    )


def test_several_main_corpora_share_one_scale_and_bias(clips):
    both = fitted(replace(clips, is_main=np.ones(N, bool)))
    assert both.logits.shape == (N, CLASSES)
    means = []
    for corpus in ("one", "two"):
        chosen = clips.corpora == corpus
        per_class = [clips.features[chosen & (clips.targets == label)] for label in range(CLASSES)]
        means.append(np.mean([rows.mean(0) for rows in per_class if len(rows)], axis=0))
    np.testing.assert_allclose(both.mean, np.mean(means, axis=0), atol=1e-5)
