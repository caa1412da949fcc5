"""Statistics over time of the hidden states of a speech encoder: one vector for each clip."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from serenade.encoders.masking import frame_mask
from serenade.encoders.waveform import WaveformEncoder, WaveformSize
from serenade.encoders.whisper import WhisperEncoder, WhisperSize

LOUD_RANGE_DB = 35.0
"""A step is loud if its level is within this range of the 95th percentile of the clip's levels."""

_LOUD_QUANTILE = 0.95
_SMALLEST_VARIANCE = 1e-10

N_STATISTICS = 4
"""Mean and standard deviation over all steps, and over the loud steps."""


def statistics_width(size: WhisperSize | WaveformSize, *, first_layer: int) -> int:
    """Numbers of the vector of a clip: layers * 4 * width of a state."""
    return (size.encoder_layers - first_layer + 1) * N_STATISTICS * size.d_model


class SpeechStatistics(nn.Module):
    """A frozen encoder with statistics pooling over the steps of each clip.

    For every layer: mean and standard deviation over all steps, and over the loud steps alone, which leaves
    out pauses and the noise between words.

    Args:
        encoder: the encoder.
        first_layer: the first layer, from 1, whose states are used; all later ones are used as well.

    Attributes:
        width: numbers of one vector; see `statistics_width`.

    >>> from serenade.encoders.whisper import WhisperSize
    >>> size = WhisperSize(d_model=16, encoder_layers=3, encoder_attention_heads=2)
    >>> statistics = SpeechStatistics(WhisperEncoder(size), first_layer=2)
    >>> tuple(statistics(torch.randn(5, 80, 50), torch.tensor([50, 7, 1, 3, 20])).shape)
    (5, 128)
    """

    def __init__(self, encoder: WhisperEncoder | WaveformEncoder, *, first_layer: int = 1) -> None:
        super().__init__()
        self.encoder = encoder.requires_grad_(False).eval()
        self.first_layer = first_layer
        self.width = statistics_width(encoder.size, first_layer=first_layer)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Return one vector for each clip [shape=(batch, width)]: by layer, then by statistic.

        Args:
            features: of the encoder's front end [shape=(batch, bands, frames)].
            lengths: frames of each clip, at least 1 [shape=(batch,)].
        """
        states, steps = self.encoder(features, lengths)
        states = states[self.first_layer - 1 :]
        inside = frame_mask(steps, states.shape[2])
        loud = inside & _loud(self.encoder.levels(features, lengths, inside), inside)
        found = torch.stack([*_moments(states, inside), *_moments(states, loud)], dim=1)
        # Layers, statistics, batch, width.
        vectors: Tensor = found.permute(2, 0, 1, 3).flatten(1)
        return vectors


def _loud(level: Tensor, inside: Tensor) -> Tensor:
    """Whether a step is within the range of the clip's 95th percentile [shape=(batch, steps)]."""
    ordered = level.masked_fill(~inside, torch.inf).sort(1).values
    place = _LOUD_QUANTILE * (inside.sum(1, keepdim=True) - 1).to(level.dtype)
    below = place.floor().long()
    low, high = (ordered.gather(1, index) for index in (below, place.ceil().long()))
    top = low + (place - below.to(level.dtype)) * (high - low)
    return level >= top - LOUD_RANGE_DB


def _moments(states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over the steps in a mask, each [shape=(layers, batch, width)]."""
    weights = mask.to(states.dtype)
    weights = (weights / weights.sum(1, keepdim=True))[None, :, :, None]
    mean = (states * weights).sum(2)
    variance = ((states - mean[:, :, None]).square() * weights).sum(2)
    return mean, variance.clamp(min=_SMALLEST_VARIANCE).sqrt()
