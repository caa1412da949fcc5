"""Training on arrays: read from a memory map, repeatable, and refused where they do not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from serenade.corpora.readers.meld import read_meld
from serenade.errors import CorpusError
from serenade.features.alignment import AUDIO_PICKLE, read_vectors, vector_rows
from serenade.originals.meld.arrays import ArrayBatches, Arrays, predict_arrays, train_on_arrays
from serenade.synthetic.meld import write_vectors
from serenade.synthetic.meld_tables import make_tables
from serenade.training.recipe import Recipe

LABELS = ("anger", "joy", "neutral")


def part(n: int, seed: int) -> Arrays:
    """Vectors in which the label is a direction, and sound in which nothing is."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(len(LABELS), size=n)
    vectors = rng.standard_normal((n, 8)).astype(np.float32)
    vectors[np.arange(n), numbers] += 4
    sound = rng.standard_normal((n, 32, 20)).astype(np.float32)
    inputs = {"text_vectors": vectors, "features": sound, "lengths": np.full(n, 20)}
    return Arrays(inputs=inputs, emotions=[LABELS[number] for number in numbers])


def recipe(network: str = "text_head", **training: object) -> Recipe:
    given = {"epochs": 4, "batch_size": 16, "learning_rate": 3e-3, "seeds": [0], "precision": "fp32"}
    return Recipe.from_dict({"network": {"name": network}, "training": given | training})


def test_what_can_be_learnt_is_learnt():
    test, lines = part(100, 2), []
    network, kept = train_on_arrays(recipe(), part(300, 0), part(60, 1), LABELS, report=lines.append)
    right = np.mean(np.array(predict_arrays(network, test, LABELS)) == test.emotions)
    assert right > 0.85
    assert lines == kept
    assert len(lines) == 4


def test_the_1_d_cnn_is_trained_on_a_synthetic_pickle(tmp_path):
    """From `audio_emotion.pkl` to predictions."""
    rows = {"train": 300, "dev": 60, "test": 60}
    make_tables(tmp_path, rows, rng=np.random.default_rng(0))
    table = read_meld(tmp_path)
    write_vectors(tmp_path / AUDIO_PICKLE, table, rng=np.random.default_rng(1))
    vectors = vector_rows(table, read_vectors(tmp_path / AUDIO_PICKLE))
    parts = {
        name: Arrays(
            inputs={"audio_vectors": vectors[table["split"] == name]},
            emotions=table["emotion"][table["split"] == name].tolist(),
        )
        for name in rows
    }
    labels = sorted(set(table["emotion"]))
    chosen = recipe("audio_cnn.original", epochs=8, class_weights=True)
    network, lines = train_on_arrays(chosen, parts["train"], parts["dev"], labels)
    # The mean over the features keeps little of a direction, so the test is the loss, not the accuracy.
    assert lines[-1]["train_loss"] < 0.9 * lines[0]["train_loss"]
    predicted = predict_arrays(network, parts["test"], labels)
    assert len(predicted) == 60
    assert set(predicted) <= set(labels)


def test_the_same_seed_gives_the_same_network():
    networks = [train_on_arrays(recipe(epochs=1), part(40, 0), part(20, 1), LABELS)[0] for _ in range(2)]
    for one, other in zip(*(network.state_dict().values() for network in networks), strict=True):
        assert torch.equal(one, other)


def test_both_inputs_of_a_fusion_and_sampling_by_class():
    chosen = recipe("fusion.original", epochs=1, sampler="balanced", class_weights=True)
    network, _ = train_on_arrays(chosen, part(40, 0), part(20, 1), LABELS)
    assert len(predict_arrays(network, part(7, 2), LABELS)) == 7


def test_rows_stay_together_and_each_comes_once(tmp_path):
    rows = 50
    np.save(tmp_path / "x.npy", np.arange(rows * 8, dtype=np.float32).reshape(rows, 8))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    emotions = [LABELS[row % 3] for row in range(rows)]
    batches = ArrayBatches(
        Arrays(inputs={"text_vectors": mapped}, emotions=emotions),
        takes=frozenset({"text_vectors"}),
        labels=LABELS,
        size=16,
    )
    for order, count in ((batches.epoch(0, 1), 48), (batches.sequential(), 50)):
        seen = []
        for batch in order:
            assert batch.inputs["text_vectors"][:, 0].tolist() == (8 * batch.rows).tolist()
            assert batch.targets.argmax(1).tolist() == (batch.rows % 3).tolist()
            seen += batch.rows.tolist()
        assert len(seen) == len(set(seen)) == count


def test_arrays_of_several_lengths_are_refused():
    with pytest.raises(CorpusError, match="'features': 3, 'emotions': 2"):
        Arrays(inputs={"features": np.zeros((3, 4, 5))}, emotions=["joy", "joy"])


def test_no_rows_are_refused():
    with pytest.raises(CorpusError, match="one row of every array"):
        Arrays(inputs={"features": np.zeros((0, 4, 5))}, emotions=[])


def test_what_the_network_takes_must_be_there():
    words = Arrays(inputs={"text_vectors": np.zeros((4, 8), np.float32)}, emotions=["joy"] * 4)
    with pytest.raises(CorpusError, match="takes features, lengths, which"):
        ArrayBatches(words, takes=frozenset({"features", "lengths"}), labels=LABELS, size=2)


def test_an_emotion_that_is_no_label_is_named():
    words = Arrays(inputs={"text_vectors": np.zeros((2, 8), np.float32)}, emotions=["joy", "awe"])
    with pytest.raises(CorpusError, match="'awe'"):
        ArrayBatches(words, takes=frozenset({"text_vectors"}), labels=LABELS, size=2)
