"""Fusion: absent modalities have no influence, and two are never worse than the better one."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from serenade.networks import create_network
from serenade.networks.registry import Network
from serenade.originals.networks.keras import keras_count

MELS, WIDTH, VOCABULARY, CLASSES = 16, 16, 30, 4
SMALL = {"stem": 16, "widths": [16, 16, 16], "projection": 32, "temporal": 0}
"""A `compact` that is trained in seconds."""

Inputs = dict[str, Tensor]


def build(name: str, **options: object) -> Network:
    """A small network with the sizes of the synthetic corpus."""
    if name in ("fusion", "fusion.late"):
        options = {"text": "text_head", "sound_options": SMALL} | options
    if name == "compact":
        options = SMALL | options
    return create_network(
        name, n_classes=CLASSES, n_mels=MELS, text_width=WIDTH, vocabulary=VOCABULARY, **options
    )


def utterances(n: int) -> Inputs:
    """Clips of several lengths, text vectors and tokens, all present."""
    return {
        "features": torch.randn(n, MELS, 40),
        "lengths": torch.randint(1, 41, (n,)),
        "text_vectors": torch.randn(n, WIDTH),
        "tokens": torch.randint(2, VOCABULARY, (n, 6)),
        "token_lengths": torch.randint(1, 7, (n,)),
        "present": torch.ones(n, 2, dtype=torch.bool),
    }


def taken(network: Network, inputs: Inputs) -> Inputs:
    """What the network takes of them."""
    return {name: inputs[name] for name in network.takes}


@pytest.fixture(params=["fusion", "fusion.late", "fusion of tokens"])
def network(request, unsettled):
    torch.manual_seed(0)
    name, _, tokens = request.param.partition(" of ")
    return unsettled(build(name, text="text_lstm" if tokens else "text_head"))


def test_an_absent_modality_has_no_influence(network):
    """Whatever its inputs are, even NaN or an impossible token: the same logits."""
    batch = utterances(4)
    batch["present"] = torch.tensor([[True, True], [False, True], [True, False], [False, False]])
    expected = network(**taken(network, batch))
    garbage = {name: tensor.clone() for name, tensor in batch.items()}
    for row in (1, 3):
        garbage["features"][row] = torch.nan
        garbage["lengths"][row] = -5
    for row in (2, 3):
        garbage["text_vectors"][row] = torch.inf
        garbage["tokens"][row] = 10 * VOCABULARY
        garbage["token_lengths"][row] = 77
    assert torch.equal(network(**taken(network, garbage)), expected)
    assert expected.isfinite().all()


def test_an_absent_clip_is_not_a_silent_one(network):
    batch = utterances(3) | {
        "features": torch.zeros(3, MELS, 40),
        "lengths": torch.ones(3, dtype=torch.int64),
    }
    absent = batch | {"present": torch.tensor([[False, True]] * 3)}
    moved = network(**taken(network, batch)) - network(**taken(network, absent))
    assert (moved.abs().amax(1) > 1e-4).all()


@pytest.mark.parametrize("modality", ["sound", "text"])
def test_both_modalities_have_an_influence(network, modality):
    batch = utterances(3)
    names = network.sound.takes if modality == "sound" else network.text.takes
    other = utterances(3)
    changed = batch | {name: other[name] for name in names}
    moved = network(**taken(network, batch)) - network(**taken(network, changed))
    assert (moved.abs().amax(1) > 1e-5).all()


def test_without_sound_and_text_the_logits_are_constant(network):
    batch = utterances(5) | {"present": torch.zeros(5, 2, dtype=torch.bool)}
    logits = network(**taken(network, batch))
    assert torch.equal(logits, logits[:1].expand(5, -1))


def test_a_batch_equals_one_at_a_time(network):
    batch = utterances(4)
    batch["present"] = torch.tensor([[True, True], [False, True], [True, False], [False, False]])
    rows = [{name: tensor[n : n + 1] for name, tensor in batch.items()} for n in range(4)]
    alone = torch.cat([network(**taken(network, row)) for row in rows])
    torch.testing.assert_close(network(**taken(network, batch)), alone, atol=1e-5, rtol=1e-4)


def test_modality_dropout_drops_one_of_two(network):
    torch.manual_seed(0)
    both = torch.ones(20_000, 2, dtype=torch.bool)
    assert torch.equal(network.drop_modalities(both), both)
    left = network.train().drop_modalities(both)
    assert left.any(1).all()
    assert (~left).float().mean(0).tolist() == pytest.approx([network.modality_dropout / 2] * 2, abs=0.01)
    single = torch.tensor([[True, False], [False, True]] * 500)
    assert torch.equal(network.drop_modalities(single), single)


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="fusion with spectrograms (before 30e5d0e): `model.summary()`",
    verdict="equal",
    note="`fusion.original`: 2,948,615 parameters.",
)
def test_the_original_has_as_many_parameters_as_keras_counts():
    network = create_network("fusion.original", n_mels=128, text_width=600, n_classes=7)
    assert keras_count(network).total == 2_948_615


def synthetic_corpus(n: int, carries: str, rng: np.random.Generator) -> tuple[Inputs, Tensor]:
    """Utterances whose label is in the sound (a louder band), the text (a direction), or both; and noise.

    One in ten lacks its sound, one in ten its text, with garbage in its place.
    """
    labels = rng.integers(CLASSES, size=n)
    features = rng.standard_normal((n, MELS, 16)).astype(np.float32)
    vectors = rng.standard_normal((n, WIDTH)).astype(np.float32)
    if carries != "text":
        bands = MELS // CLASSES
        for clip, label in zip(features, labels, strict=True):
            clip[label * bands : (label + 1) * bands] += 0.4
    if carries != "sound":
        vectors[np.arange(n), labels] += 1.7
    draw = rng.random(n)
    present = np.stack([draw >= 0.1, draw < 0.9], axis=1)
    features[~present[:, 0]] = 50
    vectors[~present[:, 1]] = -50
    inputs = {
        "features": torch.from_numpy(features),
        "lengths": torch.from_numpy(rng.integers(10, 17, n)),
        "text_vectors": torch.from_numpy(vectors),
        "present": torch.from_numpy(present),
    }
    return inputs, torch.from_numpy(labels)


@cache
def score_on_test(name: str, carries: str, *, seed: int, epochs: int = 5, n_train: int = 800) -> float:
    """Accuracy on the test part of a synthetic corpus, of the epoch that was best on the dev part.

    A network of one modality is trained on the utterances that have it, and evaluated on all.
    """
    rng = np.random.default_rng(seed)
    (inputs, labels), dev, test = (synthetic_corpus(n, carries, rng) for n in (n_train, 400, 1_000))
    torch.manual_seed(seed)
    network = build(name)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    column = {"compact": 0, "text_head": 1}.get(name)
    usable = torch.arange(len(labels)) if column is None else inputs["present"][:, column].nonzero()[:, 0]
    scores = []
    for _ in range(epochs):
        network.train()
        for rows in usable[torch.randperm(len(usable))].split(40):
            logits = network(**{key: inputs[key][rows] for key in network.takes})
            optimizer.zero_grad()
            F.cross_entropy(logits, labels[rows]).backward()
            optimizer.step()
        network.eval()
        scores.append((accuracy(network, *dev), accuracy(network, *test)))
    return max(scores)[1]


def accuracy(network: Network, inputs: Inputs, labels: Tensor) -> float:
    """Fraction of correct predictions."""
    with torch.no_grad():
        return float((network(**taken(network, inputs)).argmax(1) == labels).float().mean())


def test_fusion_of_two_modalities_is_above_both():
    score = {name: score_on_test(name, "both", seed=0) for name in ("compact", "text_head", "fusion")}
    assert min(score["compact"], score["text_head"]) > 0.6
    assert score["fusion"] > max(score["compact"], score["text_head"]) + 0.03


def test_fusion_with_an_uninformative_modality_is_not_below_the_other():
    """Within the noise of one seed: two deviations of a difference on 1,000 utterances."""
    assert score_on_test("fusion", "text", seed=0) > score_on_test("text_head", "text", seed=0) - 0.04


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fusion", "fusion.late"])
@pytest.mark.parametrize("carries", ["sound", "text", "both"])
def test_fusion_is_never_below_the_better_modality(name, carries):
    """Over three seeds, within a point, which is their noise on 1,000 utterances."""
    mean = {
        one: np.mean([score_on_test(one, carries, seed=seed, epochs=3, n_train=3_200) for seed in range(3)])
        for one in ("compact", "text_head", name)
    }
    print(carries, {one: round(float(score), 3) for one, score in mean.items()})
    better = max(mean["compact"], mean["text_head"])
    assert mean[name] > better + (0.05 if carries == "both" else -0.01)
