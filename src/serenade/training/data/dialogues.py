"""Batches of whole dialogues, each in the order in which it was spoken."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from serenade.features.store import Store
from serenade.inference.dialogues import group_dialogues, number_speakers
from serenade.training.data.batches import Batch, Batches, cut
from serenade.training.data.inputs import Inputs


class DialogueBatches(Batches):
    """The dialogues of one part of a split, epoch after epoch.

    Rows that name no dialogue are one each. A batch of `size` dialogues holds all their rows among `rows`,
    by rank, and `inputs` has `dialogues` and `speakers` besides.

    Args:
        store: where the rows are.
        rows: positions in the store's index [shape=(n,)].
        targets: [shape=(n, classes)].
        size: dialogues of a batch.
        how: as `Batches` takes it; nothing is drawn by class, and there are no copies.
    """

    def __init__(
        self, store: Store, rows: NDArray[np.int64], targets: NDArray[np.float32], *, size: int, **how: Any
    ) -> None:
        super().__init__(store, rows, targets, size=size, **how)
        self.places = places_of_dialogues(store.index.iloc[rows])
        self.size = max(1, min(size, len(self.places) // self.world))
        self.speakers = store.index["speaker"].to_numpy(object)

    def __len__(self) -> int:
        """Steps of an epoch, the same for every rank."""
        return len(self.places) // (self.size * self.world)

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        """The batches of one training epoch, for this rank; a rest smaller than a batch is left for later."""
        rng = np.random.default_rng([seed, epoch])
        batches = cut(rng.permutation(len(self.places)), self.size)[: len(self) * self.world]
        for batch in batches[self.rank :: self.world]:
            yield self._dialogues(batch)

    def in_order(self) -> Iterator[Batch]:
        """Every dialogue once, for evaluation: by length, so that little is padded."""
        order = np.argsort([len(places) for places in self.places], kind="stable")
        for batch in cut(order, self.size):
            yield self._dialogues(batch)

    def _dialogues(self, chosen: NDArray[np.int64]) -> Batch:
        dialogues = [self.places[number] for number in chosen]
        places = np.concatenate(dialogues)
        inputs = self.inputs.of(self.rows[places])
        if "dialogues" in self.inputs.takes:
            inputs["dialogues"] = torch.tensor([len(dialogue) for dialogue in dialogues])
        if "speakers" in self.inputs.takes:
            speakers = [number_speakers(self.speakers[self.rows[dialogue]]) for dialogue in dialogues]
            inputs["speakers"] = torch.tensor(list(chain.from_iterable(speakers)))
        return Batch(inputs, torch.from_numpy(self.targets[places]), self.rows[places])


def batches_to_answer(
    store: Store, rows: NDArray[np.int64], inputs: Inputs, *, n_classes: int, size: int = 64
) -> Batches:
    """Rows that a trained network is asked for: whole dialogues where it judges within them, else clips."""
    kind = DialogueBatches if "dialogues" in inputs.takes else Batches
    return kind(store, rows, np.zeros((len(rows), n_classes), np.float32), size=size, inputs=inputs)


def places_of_dialogues(table: pd.DataFrame) -> list[NDArray[np.int64]]:
    """Positions of the rows of each dialogue, by rank; a row without a dialogue is one of its own.

    >>> table = pd.DataFrame({"dialogue": ["a", "", "b", "a"], "rank": [1, 0, 0, 0]})
    >>> [places.tolist() for places in places_of_dialogues(table)]
    [[3, 0], [1], [2]]
    """
    if "dialogue" not in table:
        return [np.array([place]) for place in range(len(table))]
    rank = table["rank"].to_numpy() if "rank" in table else np.arange(len(table))
    groups = [np.array(group) for group in group_dialogues(table["dialogue"])]
    return [group[np.argsort(rank[group], kind="stable")] for group in groups]
