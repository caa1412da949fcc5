"""Encoder of OpenAI's Whisper: log-mel in, the hidden states of its layers out.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022,
https://arxiv.org/abs/2212.04356. Clips are not padded to 30 s: positions are cut to the length of the clip.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from serenade.audio.front_end import WHISPER, FrontEnd
from serenade.encoders.masking import frame_mask
from serenade.schema import Range

_DECIBELS = 40.0
"""Decibels of one unit of Whisper's log-mel, which is (log10 of the power + 4) / 4."""
_MASKED = -1e4
"""Added to the attention score of padding; its weight is 0 in any precision."""


@dataclass(frozen=True, kw_only=True)
class WhisperSize:
    """Size of an encoder, with the names of a Hugging Face `config.json`.

    Attributes:
        num_mel_bins: mel bands of the input.
        d_model: width of a hidden state.
        encoder_layers: number of layers.
        encoder_attention_heads: attention heads of a layer.
        encoder_ffn_dim: width inside a layer.
        max_source_positions: greatest number of steps; 1,500 steps are 30 s.
    """

    num_mel_bins: Annotated[int, Range(1, 512)] = 80
    d_model: Annotated[int, Range(1, 4096)] = 512
    encoder_layers: Annotated[int, Range(1, 64)] = 6
    encoder_attention_heads: Annotated[int, Range(1, 64)] = 8
    encoder_ffn_dim: Annotated[int, Range(1, 16384)] = 2048
    max_source_positions: Annotated[int, Range(1, 10_000)] = 1500

    @property
    def front_end(self) -> FrontEnd:
        """The front end of its input."""
        return replace(WHISPER, n_mels=self.num_mel_bins)

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes by name."""
        return asdict(self)


class _Layer(nn.Module):
    """A transformer layer with normalisation before attention, and the parameter names of Hugging Face."""

    def __init__(self, size: WhisperSize) -> None:
        super().__init__()
        width = size.d_model
        self.heads = size.encoder_attention_heads
        self.self_attn = nn.ModuleDict(
            {
                name: nn.Linear(width, width, bias=name != "k_proj")
                for name in ("q_proj", "k_proj", "v_proj", "out_proj")
            }
        )
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, size.encoder_ffn_dim)
        self.fc2 = nn.Linear(size.encoder_ffn_dim, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """Return the next states [shape=(batch, steps, width)]."""
        inner = self.self_attn_layer_norm(states)
        query, key, value = (
            self.self_attn[name](inner).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5 + bias
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
        states = states + self.self_attn["out_proj"](mixed)
        next_states: Tensor = states + self.fc2(F.gelu(self.fc1(self.final_layer_norm(states))))
        return next_states


def positions(size: WhisperSize) -> Tensor:
    """The vector that is added to each step [shape=(steps, width)]: sines, then cosines.

    >>> positions(WhisperSize(d_model=4))[:2, 2].tolist()
    [1.0, 0.5403023362159729]
    """
    half = size.d_model // 2
    frequencies = 10_000.0 ** -(torch.arange(half) / max(1, half - 1))
    angles = torch.arange(size.max_source_positions)[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class WhisperEncoder(nn.Module):
    """The encoder up to a layer, for padded batches.

    A clip that is longer than the positions reach (30 s) is encoded in chunks of that length.

    >>> encoder = WhisperEncoder(WhisperSize(d_model=16, encoder_layers=2, encoder_attention_heads=2))
    >>> states, steps = encoder(torch.randn(2, 80, 50), torch.tensor([50, 7]))
    >>> tuple(states.shape), steps.tolist()
    ((2, 2, 25, 16), [25, 4])
    """

    positions: Tensor

    def __init__(self, size: WhisperSize) -> None:
        super().__init__()
        self.size = size
        width = size.d_model
        self.conv1 = nn.Conv1d(size.num_mel_bins, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positions", positions(size), persistent=False)
        self.layers = nn.ModuleList(_Layer(size) for _ in range(size.encoder_layers))

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states after each layer, and the steps of each clip.

        Args:
            features: log-mel of Whisper's front end [shape=(batch, mels, frames)].
            lengths: frames of each clip, at least 1 [shape=(batch,)].

        Returns:
            states [shape=(layers, batch, steps, width)] and steps [shape=(batch,)].
        """
        batch = features.shape[0]
        features, inside = self._chunks(features, lengths)
        # The bias of a convolution would fill the padding, which the next convolution takes as input.
        hidden = F.gelu(self.conv1(features * inside)) * inside
        hidden = F.gelu(self.conv2(hidden)).transpose(1, 2)
        states = hidden + self.positions[: hidden.shape[1]]
        bias = (1 - inside[:, :, None, ::2]) * _MASKED
        all_states = []
        for layer in self.layers:
            states = layer(states, bias)
            all_states.append(states.reshape(batch, -1, self.size.d_model))
        return torch.stack(all_states), (lengths + 1) // 2

    def _chunks(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Divide clips into chunks, as a batch, with a mask [shape=(batch * chunks, 1, frames)]."""
        batch, mels = features.shape[:2]
        # As tensors: numbers would become constants of the exported graph.
        frames: Any = torch._shape_as_tensor(features)[2]
        longest = 2 * self.size.max_source_positions
        chunk: Any = frames.clamp(max=longest)
        chunks: Any = (frames + chunk - 1).div(chunk, rounding_mode="floor")
        padded = torch.cat([features, features.new_zeros(batch, mels, chunks * chunk - frames)], dim=2)
        inside = frame_mask(lengths, padded.shape[2]).to(features.dtype)
        parts = padded.reshape(batch, mels, chunks, chunk).transpose(1, 2).reshape(-1, mels, chunk)
        return parts, inside.reshape(-1, 1, chunk)

    def levels(self, features: Tensor, lengths: Tensor, inside: Tensor) -> Tensor:
        """Level of each step in dB [shape=(batch, steps)].

        Args:
            features: as for `forward`.
            lengths: as for `forward`.
            inside: whether a step belongs to its clip [shape=(batch, steps)].
        """
        mask = frame_mask(lengths, features.shape[2]).to(features.dtype)
        # A step is two frames; the last step of an odd clip is one.
        sums, counts = (_pairs(values, inside) for values in (features.mean(1) * mask, mask))
        return _DECIBELS * sums / counts.clamp(min=1)


def _pairs(values: Tensor, inside: Tensor) -> Tensor:
    """Sums of neighbouring frames, two by two [shape=(batch, steps)]; more steps than there are get 0."""
    even, odd = values[:, ::2], values[:, 1::2]
    # The last frame of an odd number has no neighbour.
    odd = torch.cat([odd, torch.zeros_like(even[:, :1])], dim=1)[:, : even.shape[1]]
    sums = torch.cat([even + odd, torch.zeros_like(inside, dtype=values.dtype)], dim=1)
    return sums[:, : inside.shape[1]]
