"""Batches of the clips of a store: which clips, in which order, padded to the longest of each batch.

All random choices of an epoch follow from (seed, epoch, rank), so that a run which was interrupted and
resumed has the same batches as one that was not.
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
    """The clips of one step.

    Attributes:
        inputs: of the network, by name (see `serenade.networks.registry.Network`).
        targets: class probabilities [shape=(batch, classes)].
        rows: positions in the store's index [shape=(batch,)].
    """

    inputs: Mapping[str, Tensor]
    targets: Tensor
    rows: NDArray[np.int64]


def targets_of(
    table: pd.DataFrame, labels: Sequence[str], *, vote_weight: float = 0.0
) -> NDArray[np.float32]:
    """Class probabilities of labelled rows: their label, mixed with the listeners' votes.

    Args:
        table: rows with `emotion`, and with columns `emotion_<name>` if there are votes.
        labels: order of the classes.
        vote_weight: weight of the votes; a clip without votes has its label alone.

    Returns:
        [shape=(rows, classes)].

    Raises:
        CorpusError: votes have a weight and the corpus has none.
    """
    place = {label: number for number, label in enumerate(labels)}
    targets = np.zeros((len(table), len(labels)), np.float32)
    targets[np.arange(len(table)), [place[emotion] for emotion in table["emotion"]]] = 1
    if not vote_weight:
        return targets
    columns = [f"emotion_{label}" for label in labels]
    if not set(columns) <= set(table.columns):
        raise CorpusError(
            "the recipe uses the listeners' votes (data.vote_weight), and this store has none; prepare it "
            "with the corpus's votes, or set data.vote_weight=0"
        )
    votes = np.nan_to_num(table[columns].to_numpy(np.float32))
    total = votes.sum(1, keepdims=True)
    votes = np.where(total > 0, votes / np.where(total > 0, total, 1), targets)
    return ((1 - vote_weight) * targets + vote_weight * votes).astype(np.float32)


class Batches:
    """The clips of one part of a split, epoch after epoch.

    Args:
        store: where the features are.
        rows: positions in the store's index [shape=(n,)].
        targets: [shape=(n, classes)].
        size: clips of a batch.
        inputs: inputs of the network; sound if None.
        balanced: draw every class equally often, with replacement.
        variants: waveform variants of each row, as positions in the store's index; None for none.
        variant_probability: probability that training uses a variant in place of the row.
        rank: number of this process; each process has its own share of the batches.
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
        balanced: bool = False,
        variants: Sequence[NDArray[np.int64]] | None = None,
        variant_probability: float = 0.0,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.store, self.front_end, self.rows, self.targets = store, store.front_end, rows, targets
        # A part that is too small for one batch per process has smaller batches.
        self.size = max(1, min(size, len(rows) // world))
        self.balanced, self.rank, self.world = balanced, rank, world
        self.variants, self.variant_probability = variants, variant_probability
        self.inputs = inputs or Inputs(store)
        self.lengths = self.inputs.lengths[rows]

    def __len__(self) -> int:
        """Steps of an epoch, equal for every rank."""
        return len(self.rows) // (self.size * self.world)

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        """The batches of one training epoch for this rank; an incomplete last batch is skipped."""
        rng = np.random.default_rng([seed, epoch])
        if self.balanced:
            classes = self.targets.argmax(1)
            weight = 1 / np.bincount(classes, minlength=self.targets.shape[1]).clip(1)[classes]
            order = rng.choice(len(self.rows), len(self.rows), p=weight / weight.sum())
        else:
            order = rng.permutation(len(self.rows))
        bucket = _BUCKET_BATCHES * self.size
        order = np.concatenate(
            [chunk[np.argsort(self.lengths[chunk], kind="stable")] for chunk in chunks_of(order, bucket)]
        )
        batches = [chunk for chunk in chunks_of(order, self.size) if len(chunk) == self.size]
        shuffled = rng.permutation(len(batches))[: len(self) * self.world]
        rows = self._sample_variants(rng)
        for number in shuffled[self.rank :: self.world]:
            yield self._batch(batches[number], rows)

    def sequential(self) -> Iterator[Batch]:
        """Every clip once, for evaluation, sorted by length so that there is little padding."""
        order = np.argsort(self.lengths, kind="stable")
        for chunk in chunks_of(order, self.size):
            yield self._batch(chunk, self.rows)

    def _sample_variants(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The rows of this epoch, some of them replaced by one of their variants."""
        if self.variants is None:
            return self.rows
        rows = self.rows.copy()
        replaced = rng.random(len(rows)) < self.variant_probability
        for place, variants in enumerate(self.variants):
            if replaced[place] and len(variants):
                rows[place] = rng.choice(variants)
        return rows

    def _batch(self, chosen: NDArray[np.int64], rows: NDArray[np.int64]) -> Batch:
        return Batch(
            self.inputs.tensors(rows[chosen]), torch.from_numpy(self.targets[chosen]), self.rows[chosen]
        )


def chunks_of(order: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Consecutive chunks of `size`, the last one shorter."""
    return [order[start : start + size] for start in range(0, len(order), size)]
