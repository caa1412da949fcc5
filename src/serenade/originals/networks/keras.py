"""What Keras does its own way, for the networks that were published in it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

# Keras writes momentum as the share that is kept, PyTorch as the share that is new.
_EPSILON, _MOMENTUM = 1e-3, 0.01


@dataclass(frozen=True)
class KerasCount:
    """Parameters as `model.summary()` counts them.

    Attributes:
        total: with the moving statistics of batch normalisation.
        trainable: without.
    """

    total: int
    trainable: int


def keras_count(network: nn.Module) -> KerasCount:
    """Count the parameters of a network as Keras does.

    >>> keras_count(nn.BatchNorm1d(128))
    KerasCount(total=512, trainable=256)
    """
    trainable = sum(weights.numel() for weights in network.parameters())
    # PyTorch also counts the batches it has seen: the one statistic that is no number of Keras'.
    moving = sum(statistic.numel() for statistic in network.buffers() if statistic.is_floating_point())
    return KerasCount(total=trainable + moving, trainable=trainable)


def batch_norm(channels: int, *, dimensions: int = 1) -> nn.Module:
    """`BatchNormalization()` with Keras' defaults, over vectors (1) or maps (2)."""
    kind = nn.BatchNorm1d if dimensions == 1 else nn.BatchNorm2d
    return kind(channels, eps=_EPSILON, momentum=_MOMENTUM)


def initialize(network: nn.Module) -> None:
    """First weights of dense and convolutional layers as in Keras (Glorot and Bengio 2010); biases are 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
