"""Predictions of a network on a part of a split, and the figures of the dev part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from serenade.evaluation.confusion import confusion_matrix
from serenade.evaluation.scores import metric_values
from serenade.folders import EpochLog
from serenade.training.data.batches import Batches


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """Logits of clips that the network, or one like it, was not trained on: for calibration.

    Attributes:
        rows: positions in the store [shape=(n,)].
        logits: [shape=(n, classes)].
        targets: class of each clip [shape=(n,)].
    """

    rows: NDArray[np.int64]
    logits: NDArray[np.float32]
    targets: NDArray[np.int64]

    @classmethod
    def of_dev(cls, network: nn.Module, dev: Batches) -> HeldOut:
        """The dev part, as a network predicts it."""
        return cls(rows=dev.rows, logits=predict_logits(network, dev), targets=dev.targets.argmax(1))

    def figures(self, labels: tuple[str, ...]) -> EpochLog:
        """Loss and every registered metric, and how many of the classes are predicted."""
        return _figures(self.logits, np.eye(len(labels), dtype=np.float32)[self.targets], labels)


def predict_logits(
    network: nn.Module, batches: Batches, device: torch.device | str = "cpu"
) -> NDArray[np.float32]:
    """Logits of every clip, in the order of `batches.rows` [shape=(n, classes)]."""
    rows, logits = [], []
    with torch.inference_mode():
        for batch in batches.sequential():
            inputs = {name: tensor.to(device) for name, tensor in batch.inputs.items()}
            logits.append(network(**inputs).float().cpu().numpy())
            rows.append(batch.rows)
    place = {int(row): number for number, row in enumerate(np.concatenate(rows))}
    joined: NDArray[np.float32] = np.concatenate(logits)
    return joined[[place[int(row)] for row in batches.rows]]


def dev_figures(
    network: nn.Module, dev: Batches, labels: tuple[str, ...], device: torch.device | str = "cpu"
) -> EpochLog:
    """Loss and every registered metric on the dev part, and how many of the classes are predicted."""
    return _figures(predict_logits(network, dev, device), dev.targets, labels)


def _figures(logits: NDArray[np.float32], targets: NDArray[np.float32], labels: tuple[str, ...]) -> EpochLog:
    predicted = logits.argmax(1)
    confusion = confusion_matrix(
        [labels[number] for number in targets.argmax(1)], [labels[number] for number in predicted], labels
    )
    loss = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(targets))
    return {
        "dev_loss": float(loss),
        **{f"dev_{name}": value for name, value in metric_values(confusion).items()},
        "dev_classes_predicted": len(np.unique(predicted)),
    }
