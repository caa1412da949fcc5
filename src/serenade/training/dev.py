"""Predictions of a network on a part of a split, and the figures of the dev part."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from serenade.evaluation.confusion import confusion_matrix
from serenade.evaluation.scores import metric_values
from serenade.folders import EpochLog
from serenade.training.data.batches import Batches


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
    logits = predict_logits(network, dev, device)
    predicted = logits.argmax(1)
    confusion = confusion_matrix(
        [labels[number] for number in dev.targets.argmax(1)], [labels[number] for number in predicted], labels
    )
    loss = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(dev.targets))
    return {
        "dev_loss": float(loss),
        **{f"dev_{name}": value for name, value in metric_values(confusion).items()},
        "dev_classes_predicted": len(np.unique(predicted)),
    }
