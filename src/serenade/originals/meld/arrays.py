"""Training on arrays that exist already, such as the original's `X_audio_*.npy`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from serenade.audio.front_end import MELD_SEED, FrontEnd
from serenade.errors import CorpusError
from serenade.evaluation.confusion import codes
from serenade.folders import EpochLog, RunFolder
from serenade.networks import create_network
from serenade.networks.registry import Network
from serenade.training.data.batches import Batch, Batches
from serenade.training.dev import predict_logits
from serenade.training.devices import create_fabric
from serenade.training.loop import fit
from serenade.training.recipe import Recipe

_EVALUATION_BATCH = 64
_SIZES = {"features": "n_mels", "text_vectors": "text_width", "audio_vectors": "audio_width"}
"""What the second axis of an input is called among `serenade.networks.registry.SIZES`."""


@dataclass(frozen=True, kw_only=True)
class Arrays:
    """One part of a corpus, row by row; memory maps are read as they are needed.

    Attributes:
        inputs: by their names in `serenade.networks.registry.Network` [shape=(n, ...)].
        emotions: the label of each row.

    Raises:
        CorpusError: there are not as many rows everywhere, or none.

    >>> part = Arrays(inputs={"text_vectors": np.zeros((2, 600), np.float32)}, emotions=["joy", "fear"])
    >>> len(part)
    2
    """

    inputs: Mapping[str, NDArray[Any]]
    emotions: Sequence[str]

    def __post_init__(self) -> None:
        rows = {name: len(array) for name, array in self.inputs.items()} | {"emotions": len(self.emotions)}
        if len(set(rows.values())) > 1 or not len(self.emotions):
            raise CorpusError(
                f"one row of every array is one utterance, and there are {rows}; load them from one folder"
            )

    def __len__(self) -> int:
        return len(self.emotions)


class ArrayBatches(Batches):
    """Arrays as batches, epoch after epoch.

    Args:
        arrays: one part.
        takes: names of the inputs of the network.
        labels: order of the classes.
        size: rows of a batch.
        balanced: draw every class equally often, with replacement.
        front_end: of `features`, for augmentation that counts in seconds.

    Raises:
        CorpusError: an input is not among the arrays, or an emotion not among the labels.
    """

    def __init__(
        self,
        arrays: Arrays,
        *,
        takes: frozenset[str],
        labels: Sequence[str],
        size: int,
        balanced: bool = False,
        front_end: FrontEnd = MELD_SEED,
    ) -> None:
        # Without Batches.__init__, which needs a store.
        if missing := takes - arrays.inputs.keys():
            raise CorpusError(f"the network takes {', '.join(sorted(missing))}, which the arrays do not have")
        self.arrays = {name: arrays.inputs[name] for name in sorted(takes)}
        self.front_end, self.balanced, self.size = front_end, balanced, min(size, len(arrays))
        self.rows = np.arange(len(arrays))
        self.targets = np.eye(len(labels), dtype=np.float32)[codes(arrays.emotions, labels)]
        self.lengths = self.arrays.get("lengths", np.ones(len(arrays), np.int64))
        self.variants, self.rank, self.world = None, 0, 1

    def _batch(self, chosen: NDArray[np.int64], rows: NDArray[np.int64]) -> Batch:
        inputs = {name: torch.from_numpy(np.array(array[chosen])) for name, array in self.arrays.items()}
        return Batch(inputs, torch.from_numpy(self.targets[chosen]), chosen)


def train_on_arrays(
    recipe: Recipe,
    train: Arrays,
    dev: Arrays,
    labels: Sequence[str],
    *,
    report: Callable[[EpochLog], None] = lambda line: None,
) -> tuple[Network, list[EpochLog]]:
    """Train the network of a recipe, with its first seed.

    Args:
        recipe: network and training; its split is ignored.
        train: training data.
        dev: data for every choice during the training.
        labels: order of the classes.
        report: called with the figures of each epoch.

    Returns:
        The network that was kept, in evaluation mode, and the figures of every epoch.

    Raises:
        CorpusError: see `ArrayBatches`.
        RecipeError: see `create_network`.
    """
    sizes = {size: train.inputs[name].shape[1] for name, size in _SIZES.items() if name in train.inputs}
    choice, seed = recipe.training, recipe.training.seeds[0]
    torch.manual_seed(seed)
    network = create_network(recipe.network.name, n_classes=len(labels), **sizes, **recipe.network.options)
    takes, lines = network.takes, list[EpochLog]()

    def on_epoch(line: EpochLog) -> None:
        lines.append(line)
        report(line)

    fabric = create_fabric(precision=choice.precision)
    fabric.launch()
    balanced = choice.sampler == "balanced"
    with tempfile.TemporaryDirectory() as folder:
        kept = fit(
            recipe,
            network,
            ArrayBatches(train, takes=takes, labels=labels, size=choice.batch_size, balanced=balanced),
            ArrayBatches(dev, takes=takes, labels=labels, size=_EVALUATION_BATCH),
            tuple(labels),
            seed=seed,
            folder=RunFolder(Path(folder)),
            fabric=fabric,
            on_epoch=on_epoch,
        )
    return kept, lines


def predict_arrays(network: Network, part: Arrays, labels: Sequence[str]) -> list[str]:
    """Return the predicted label of every row."""
    batches = ArrayBatches(part, takes=network.takes, labels=labels, size=_EVALUATION_BATCH)
    return [labels[number] for number in predict_logits(network, batches).argmax(1)]
