from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.logmel import normalize
from serenade.errors import CorpusError
from serenade.features.store import Store
from serenade.training.data.batches import Batches, targets_of

LABELS = ("anger", "neutral", "sadness")


def batches_of(store: Store, rows: np.ndarray | None = None, **how) -> Batches:
    rows = np.arange(len(store)) if rows is None else rows
    targets = targets_of(store.index.iloc[rows], LABELS)
    return Batches(store, rows, targets, **{"size": 8} | how)


def test_sequential_gives_every_row_once(store: Store) -> None:
    rows = np.arange(3, 60, 2)
    seen = []
    for batch in batches_of(store, rows).sequential():
        assert batch.inputs["features"].shape[2] == int(batch.inputs["lengths"].max())
        for place, row in enumerate(batch.rows):
            length = int(batch.inputs["lengths"][place])
            expected = normalize(store.features(int(row)), store.front_end).T
            np.testing.assert_array_equal(batch.inputs["features"][place, :, :length], expected)
            assert not batch.inputs["features"][place, :, length:].any()
            assert LABELS[int(batch.targets[place].argmax())] == store.index["emotion"][row]
        seen += list(batch.rows)
    assert sorted(seen) == list(rows)


def test_an_epoch_gives_each_row_at_most_once_and_leaves_less_than_a_batch(store: Store) -> None:
    batches = batches_of(store, size=10)
    epoch = list(batches.epoch(0, 1))
    assert len(epoch) == len(batches) == 7
    rows = np.concatenate([batch.rows for batch in epoch])
    assert len(set(rows)) == len(rows) == 70


def test_seed_and_epoch_determine_the_batches(store: Store) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return [int(row) for batch in batches_of(store).epoch(seed, epoch) for row in batch.rows]

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


@settings(max_examples=30, deadline=None)
@given(
    clips=st.integers(4, 72),
    size=st.integers(1, 40),
    world=st.integers(1, 4),
    balanced=st.booleans(),
    epoch=st.integers(1, 50),
)
def test_ranks_share_an_epoch_without_overlap(
    store: Store, clips: int, size: int, world: int, balanced: bool, epoch: int
) -> None:
    rows = np.random.default_rng(clips).permutation(len(store))[:clips]
    shares = []
    for rank in range(world):
        batches = batches_of(store, rows, size=size, world=world, rank=rank, balanced=balanced)
        share = list(batches.epoch(0, epoch))
        assert len(share) == len(batches) >= 1
        shares.append([int(row) for batch in share for row in batch.rows])
    assert len({len(share) for share in shares}) == 1
    if not balanced:
        together = [row for share in shares for row in share]
        assert len(set(together)) == len(together)
    assert {row for share in shares for row in share} <= set(rows.tolist())


def test_balanced_sampling_draws_every_class_equally_often(store: Store) -> None:
    emotion = store.index["emotion"].to_numpy()
    rows = np.concatenate(
        [np.flatnonzero(emotion == label)[:count] for label, count in zip(LABELS, (24, 6, 2), strict=True)]
    )
    batches = batches_of(store, rows, size=4, balanced=True)
    drawn = np.concatenate(
        [batch.targets.argmax(1).numpy() for epoch in range(60) for batch in batches.epoch(0, epoch)]
    )
    assert np.bincount(drawn) / len(drawn) == pytest.approx([1 / 3] * 3, abs=0.05)


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="batches",
    verdict="differs",
    note="Clips of similar length, so that little is padded.",
)
def test_batches_have_clips_of_similar_lengths(store: Store) -> None:
    padded = sum(int(b.inputs["lengths"].max()) * len(b.rows) for b in batches_of(store).epoch(0, 1))
    valid = sum(int(b.inputs["lengths"].sum()) for b in batches_of(store).epoch(0, 1))
    assert padded < 1.1 * valid


def test_variants_are_sampled_with_their_probability(
    make_store: Callable[..., Store], tmp_path: Path
) -> None:
    store = make_store(tmp_path / "store", copies=True)
    originals = np.flatnonzero(store.index["variant"] == "original")
    variants = [np.array([row + 1]) for row in originals]
    for share in (0.0, 0.5, 1.0):
        batches = batches_of(store, originals, variants=variants, variant_probability=share)
        taken, total = 0, 0
        for epoch in range(5):
            for batch in batches.epoch(0, epoch):
                total += len(batch.rows)
                for place, row in enumerate(batch.rows):
                    length = int(batch.inputs["lengths"][place])
                    variant = normalize(store.features(int(row) + 1), store.front_end).T
                    taken += np.array_equal(batch.inputs["features"][place, :, :length], variant)
        assert taken / total == pytest.approx(share, abs=0.12)


def test_targets_mix_labels_and_votes() -> None:
    table = pd.DataFrame(
        {
            "emotion": ["anger", "sadness"],
            "emotion_anger": [2.0, np.nan],
            "emotion_neutral": [6.0, np.nan],
            "emotion_sadness": [0.0, np.nan],
        }
    )
    np.testing.assert_array_equal(targets_of(table, LABELS), [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(targets_of(table, LABELS, vote_weight=0.5), [[0.625, 0.375, 0], [0, 0, 1]])
    with pytest.raises(CorpusError, match=r"data\.vote_weight=0"):
        targets_of(table[["emotion"]], LABELS, vote_weight=0.5)
