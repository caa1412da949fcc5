"""Batches of whole dialogues, the utterances of each in their order."""

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
from serenade.training.data.batches import Batch, Batches, chunks_of
from serenade.training.data.inputs import Inputs


class DialogueBatches(Batches):
    """The dialogues of one part of a split, epoch after epoch.

    A row without a dialogue is a dialogue of its own. A batch has all rows of `size` dialogues that are among
    `rows`, by rank, and the inputs `dialogues` and `speakers`.

    Args:
        store: where the rows are.
        rows: positions in the store's index [shape=(n,)].
        targets: [shape=(n, classes)].
        size: dialogues of a batch.
        options: of `Batches`; classes are not balanced, and there are no variants.
    """

    def __init__(
        self,
        store: Store,
        rows: NDArray[np.int64],
        targets: NDArray[np.float32],
        *,
        size: int,
        **options: Any,
    ) -> None:
        super().__init__(store, rows, targets, size=size, **options)
        self.places = places_of_dialogues(store.index.iloc[rows])
        self.size = max(1, min(size, len(self.places) // self.world))
        self.speakers = store.index["speaker"].to_numpy(object)

    def __len__(self) -> int:
        """Steps of an epoch, equal for every rank."""
        return len(self.places) // (self.size * self.world)

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        """The batches of one training epoch for this rank; an incomplete last batch is skipped."""
        rng = np.random.default_rng([seed, epoch])
        batches = chunks_of(rng.permutation(len(self.places)), self.size)[: len(self) * self.world]
        for batch in batches[self.rank :: self.world]:
            yield self._dialogues(batch)

    def sequential(self) -> Iterator[Batch]:
        """Every dialogue once, for evaluation, sorted by length so that there is little padding."""
        order = np.argsort([len(places) for places in self.places], kind="stable")
        for batch in chunks_of(order, self.size):
            yield self._dialogues(batch)

    def _dialogues(self, chosen: NDArray[np.int64]) -> Batch:
        dialogues = [self.places[number] for number in chosen]
        places = np.concatenate(dialogues)
        inputs = self.inputs.tensors(self.rows[places])
        if "dialogues" in self.inputs.takes:
            inputs["dialogues"] = torch.tensor([len(dialogue) for dialogue in dialogues])
        if "speakers" in self.inputs.takes:
            speakers = [number_speakers(self.speakers[self.rows[dialogue]]) for dialogue in dialogues]
            inputs["speakers"] = torch.tensor(list(chain.from_iterable(speakers)))
        return Batch(inputs, torch.from_numpy(self.targets[places]), self.rows[places])


def batches_for_prediction(
    store: Store, rows: NDArray[np.int64], inputs: Inputs, *, n_classes: int, size: int = 64
) -> Batches:
    """Batches to predict rows from: whole dialogues for a network of dialogues, else clips.

    Args:
        store: where the rows are.
        rows: positions in the store's index [shape=(n,)].
        inputs: of the network.
        n_classes: number of labels.
        size: clips, or dialogues, of a batch.
    """
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
