"""The network of the CREMA-D scripts: convolutional blocks, a bidirectional LSTM and self-attention.

In `cnn_lstm` the sequence of the LSTM is time. `cnn_lstm.original` keeps the published layout, in which the
sequence is the eight mel steps, and time is flattened into the features (docs/origins.md).
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.networks.layers.masking import frame_mask, halved, masked
from serenade.networks.layers.recurrent import bidirectional, lstm_states
from serenade.networks.registry import Network, register_network

CHANNELS = (64, 128, 256, 512)
POOLING = 2 ** len(CHANNELS)
ORIGINAL_WIDTH_FRAMES = 191


class ConvBlocks(nn.Module):
    """Four convolutional blocks, three of them residual; each halves mel and time.

    Parameter names are those of the published checkpoints, so that a state_dict of the original loads.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, CHANNELS[0], 3, padding=1)
        self.bn1 = nn.BatchNorm2d(CHANNELS[0])
        for block, (narrow, wide) in enumerate(pairwise(CHANNELS), start=2):
            self.add_module(f"conv{block}a", nn.Conv2d(narrow, wide, 3, padding=1))
            self.add_module(f"bn{block}a", nn.BatchNorm2d(wide))
            self.add_module(f"conv{block}b", nn.Conv2d(wide, wide, 3, padding=1))
            self.add_module(f"bn{block}b", nn.BatchNorm2d(wide))
            self.add_module(f"conv{block}_shortcut", nn.Conv2d(narrow, wide, 1))

    def convolve(self, features: Tensor, lengths: Tensor, *, ceil: bool) -> tuple[Tensor, Tensor]:
        """Feature maps and their lengths.

        Args:
            features: [shape=(batch, mels, frames)].
            lengths: [shape=(batch,)].
            ceil: keep the last odd frame when pooling (False drops it, as the original does).

        Returns:
            maps [shape=(batch, 512, mels // 16, steps)] and steps of each clip.
        """
        layers: dict[str, Any] = self._modules
        maps = masked(F.relu(self.bn1(self.conv1(features[:, None]))), lengths)
        maps, lengths = _pool(maps, lengths, ceil=ceil)
        for block in (2, 3, 4):
            inner = F.relu(layers[f"bn{block}a"](layers[f"conv{block}a"](maps)))
            inner = layers[f"bn{block}b"](layers[f"conv{block}b"](masked(inner, lengths)))
            maps = F.relu(inner + layers[f"conv{block}_shortcut"](maps))
            maps, lengths = _pool(masked(maps, lengths), lengths, ceil=ceil)
        return maps, lengths


def _pool(maps: Tensor, lengths: Tensor, *, ceil: bool) -> tuple[Tensor, Tensor]:
    """Maximum over 2 x 2; padding is zero and the maps are not negative, so it is never the maximum."""
    if not ceil:
        return F.max_pool2d(maps, 2), lengths // 2
    # A row and a column of zeros instead of `ceil_mode`, which onnxruntime computes differently.
    return F.max_pool2d(F.pad(maps, (0, 1, 0, 1)), 2), halved(lengths)


class CnnLstm(ConvBlocks, Network):
    """Four conv blocks, BiLSTM 512 x 2, eight-head attention, mean, three fully connected layers.

    Args:
        n_mels: mel bands; divisible by 16.
        n_classes: number of labels.
        over: axis that is the sequence of the LSTM: "time", or "mel" as published.
        width_frames: with `over="mel"`, number of frames that every clip is padded or cut to; the shape of
            the weights depends on it.

    >>> network = CnnLstm(n_mels=128, n_classes=6, over="mel", width_frames=191)
    >>> sum(p.numel() for p in network.parameters())
    41155206
    """

    def __init__(
        self, *, n_mels: int, n_classes: int, over: str = "time", width_frames: int = ORIGINAL_WIDTH_FRAMES
    ) -> None:
        super().__init__()
        self.over = over
        self.width_frames = width_frames
        steps_of_other_axis = width_frames // POOLING if over == "mel" else -(-n_mels // POOLING)
        self.lstm = nn.LSTM(
            CHANNELS[-1] * steps_of_other_axis,
            512,
            num_layers=2,
            batch_first=True,
            bidirectional=True,
            dropout=0.4,
        )
        self.attention = nn.MultiheadAttention(1024, 8, batch_first=True)
        self.fc1 = nn.Linear(1024, 512)
        self.bn_fc1 = nn.BatchNorm1d(512)
        self.fc2 = nn.Linear(512, 256)
        self.bn_fc2 = nn.BatchNorm1d(256)
        self.fc3 = nn.Linear(256, n_classes)
        self.dropout = nn.Dropout(0.4)

    @property
    def has_attention(self) -> bool:
        """Whether the sequence is time."""
        return self.over == "time"

    def attention_over_time(self, features: Tensor, lengths: Tensor) -> Tensor:
        """The weight of each step in the mean of the attended steps, averaged over the heads."""
        states, inside = self._states(features, lengths)
        weights, _ = self._attention_weights(states, inside)
        valid = inside.to(weights.dtype)
        mean: Tensor = (weights.mean(1) * valid[..., None]).sum(1) / valid.sum(1, keepdim=True)
        return mean

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Logits [shape=(batch, classes)] from features [shape=(batch, mels, frames)]."""
        states, inside = self._states(features, lengths)
        attended = self._attend(states, inside)
        valid = inside.to(attended.dtype)
        mean = (attended * valid[..., None]).sum(1) / valid.sum(1, keepdim=True)
        hidden = self.dropout(F.relu(self.bn_fc1(self.fc1(mean))))
        hidden = self.dropout(F.relu(self.bn_fc2(self.fc2(hidden))))
        logits: Tensor = self.fc3(hidden)
        return logits

    def _states(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """States of the LSTM [shape=(batch, steps, 1024)], and which of them are not padding."""
        features = features * frame_mask(lengths, features.shape[-1]).to(features.dtype)[:, None]
        if self.over == "mel":
            sequence, steps = self._mel_sequence(features, lengths)
        else:
            maps, steps = self.convolve(features, lengths, ceil=True)
            sequence = self.dropout(maps).permute(0, 3, 1, 2).flatten(2)
        # From the convolutions' output: the exporter would make the length of the LSTM's output a constant.
        inside = frame_mask(steps, sequence.shape[1])
        return self._recur(sequence, inside), inside

    def _mel_sequence(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The published layout: mel is the sequence, and zeros up to a fixed width count as sound."""
        features = F.pad(features, (0, self.width_frames))[..., : self.width_frames]
        maps, _ = self.convolve(features, torch.full_like(lengths, self.width_frames), ceil=False)
        sequence = self.dropout(maps).permute(0, 2, 1, 3).flatten(2)
        return sequence, torch.full_like(lengths, sequence.shape[1])

    def _recur(self, sequence: Tensor, inside: Tensor) -> Tensor:
        """States of the last LSTM layer; torch's own module cannot be exported with padding."""
        for layer in range(self.lstm.num_layers):
            sequence = bidirectional(
                sequence,
                inside,
                forwards=partial(self._direction, suffix=f"l{layer}"),
                backwards=partial(self._direction, suffix=f"l{layer}_reverse"),
            )
            if layer + 1 < self.lstm.num_layers:
                sequence = F.dropout(sequence, self.lstm.dropout, self.training)
        return sequence

    def _direction(self, sequence: Tensor, suffix: str) -> Tensor:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(self.lstm, f"{name}_{suffix}") for name in names]
        return lstm_states(sequence, weights, training=self.training)

    def _attend(self, sequence: Tensor, inside: Tensor) -> Tensor:
        """Multi-head self-attention (Vaswani et al. 2017); torch's own module exports with one batch size."""
        weights, value = self._attention_weights(sequence, inside)
        attended: Tensor = self.attention.out_proj((weights @ value).transpose(1, 2).flatten(2))
        return attended

    def _attention_weights(self, sequence: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
        """Weights [shape=(batch, heads, steps, steps)] and values [shape=(batch, heads, steps, head_dim)]."""
        attention = self.attention
        projected = F.linear(sequence, attention.in_proj_weight, attention.in_proj_bias)
        # [3, batch, heads, steps, head_dim]
        heads = projected.view(*projected.shape[:2], 3, attention.num_heads, attention.head_dim)
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)
        scores = query @ key.transpose(-1, -2) / attention.head_dim**0.5
        scores = scores.masked_fill(~inside[:, None, None], torch.finfo(scores.dtype).min)
        return scores.softmax(-1), value


@register_network("cnn_lstm")
def cnn_lstm(*, n_mels: int, n_classes: int) -> CnnLstm:
    """Convolutional blocks, a bidirectional LSTM over time and self-attention."""
    return CnnLstm(n_mels=n_mels, n_classes=n_classes)
