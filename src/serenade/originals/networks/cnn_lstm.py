"""The network of the CREMA-D scripts as published (docs/origins.md)."""

from __future__ import annotations

from serenade.networks.architectures.cnn_lstm import ORIGINAL_WIDTH_FRAMES, CnnLstm
from serenade.networks.registry import register_network


@register_network("cnn_lstm.original")
def cnn_lstm_original(*, n_mels: int, n_classes: int, width_frames: int = ORIGINAL_WIDTH_FRAMES) -> CnnLstm:
    """The published CREMA-D network: an LSTM over the eight mel steps, for one fixed width."""
    return CnnLstm(n_mels=n_mels, n_classes=n_classes, over="mel", width_frames=width_frames)
