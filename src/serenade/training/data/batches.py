"""A store's rows as batches: which clips, in which order, padded to the longest of each batch.

Everything that is drawn in an epoch follows from (seed, epoch, rank) alone, so that a run which was killed
and resumed sees the very batches of an unbroken one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from serenade.errors import CorpusError
from serenade.features.store import Store
from serenade.training.data.inputs import Inputs

_BUCKET_BATCHES = 8
"""Clips are sorted by length within this many batches: little padding, and still a random order."""


@dataclass(frozen=True)
class Batch:
    """Clips of one step.

    Attributes:
        inputs: what the network's `forward` takes, by name (see `serenade.networks.registry.Network`).
        targets: class probabilities [shape=(batch, classes)].
        rows: positions in the store's index [shape=(batch,)].
    """

    inputs: Mapping[str, Tensor]
    targets: Tensor
    rows: NDArray[np.int64]


def targets_of(table: pd.DataFrame, labels: Sequence[str], *, votes: float = 0.0) -> NDArray[np.float32]:
    """Class probabilities of labelled rows: what the actor meant, blended with what listeners heard.

    Args:
        table: rows with `emotion`, and `emotion_<name>` columns where there are votes.
        labels: order of the classes.
        votes: share of the listeners' votes; clips without votes keep their label alone.

    Returns:
        [shape=(rows, classes)].

    Raises:
        CorpusError: votes are asked for and the corpus has none.
    """
    place = {label: number for number, label in enumerate(labels)}
    targets = np.zeros((len(table), len(labels)), np.float32)
    targets[np.arange(len(table)), [place[emotion] for emotion in table["emotion"]]] = 1
    if not votes:
        return targets
    columns = [f"emotion_{label}" for label in labels]
    if not set(columns) <= set(table.columns):
        raise CorpusError(
            "the recipe asks for listeners' votes (data.vote_weight), and this store has none; prepare it "
            "with the corpus's votes, or set data.vote_weight=0"
        )
    heard = np.nan_to_num(table[columns].to_numpy(np.float32))
    total = heard.sum(1, keepdims=True)
    heard = np.where(total > 0, heard / np.where(total > 0, total, 1), targets)
    return ((1 - votes) * targets + votes * heard).astype(np.float32)


class Batches:
    """The clips of one part of a split, epoch after epoch.

    Args:
        store: where the features are.
        rows: positions in the store's index [shape=(n,)].
        targets: [shape=(n, classes)].
        size: clips of a batch.
        inputs: what is given of each row; its sound if None.
        weighted: draw every class as often, with replacement.
        copies: altered copies of each row, as positions in the store's index; None for no copies.
        copies_share: how often a row is replaced by one of its copies, in training.
        rank: this process among `world`; each gets its own share of the batches.
        world: number of processes.
    """

    def __init__(
        self,
        store: Store,
        rows: NDArray[np.int64],
        targets: NDArray[np.float32],
        *,
        size: int,
        inputs: Inputs | None = None,
        weighted: bool = False,
        copies: Sequence[NDArray[np.int64]] | None = None,
        copies_share: float = 0.0,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.store, self.front_end, self.rows, self.targets = store, store.front_end, rows, targets
        # A part too small for one whole batch a process gets smaller ones.
        self.size = max(1, min(size, len(rows) // world))
        self.weighted, self.rank, self.world = weighted, rank, world
        self.copies, self.copies_share = copies, copies_share
        self.inputs = inputs or Inputs(store)
        self.lengths = self.inputs.lengths[rows]

    def __len__(self) -> int:
        """Steps of an epoch, the same for every rank."""
        return len(self.rows) // (self.size * self.world)

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        """The batches of one training epoch, for this rank; a rest smaller than a batch is left for later."""
        rng = np.random.default_rng([seed, epoch])
        if self.weighted:
            counts = self.targets.argmax(1)
            weight = 1 / np.bincount(counts, minlength=self.targets.shape[1]).clip(1)[counts]
            order = rng.choice(len(self.rows), len(self.rows), p=weight / weight.sum())
        else:
            order = rng.permutation(len(self.rows))
        bucket = _BUCKET_BATCHES * self.size
        order = np.concatenate(
            [chunk[np.argsort(self.lengths[chunk], kind="stable")] for chunk in cut(order, bucket)]
        )
        batches = [chunk for chunk in cut(order, self.size) if len(chunk) == self.size]
        shuffled = rng.permutation(len(batches))[: len(self) * self.world]
        versions = self._drawn(rng)
        for number in shuffled[self.rank :: self.world]:
            yield self._batch(batches[number], versions)

    def in_order(self) -> Iterator[Batch]:
        """Every clip once, for evaluation: by length, so that little is padded."""
        order = np.argsort(self.lengths, kind="stable")
        for chunk in cut(order, self.size):
            yield self._batch(chunk, self.rows)

    def _drawn(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """For each row the version of it that this epoch learns from: itself, or one of its copies."""
        if self.copies is None:
            return self.rows
        versions = self.rows.copy()
        altered = rng.random(len(versions)) < self.copies_share
        for place, copies in enumerate(self.copies):
            if altered[place] and len(copies):
                versions[place] = rng.choice(copies)
        return versions

    def _batch(self, chosen: NDArray[np.int64], versions: NDArray[np.int64]) -> Batch:
        return Batch(
            self.inputs.of(versions[chosen]), torch.from_numpy(self.targets[chosen]), self.rows[chosen]
        )


def cut(order: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Chunks of `size`, the last one shorter."""
    return [order[start : start + size] for start in range(0, len(order), size)]
