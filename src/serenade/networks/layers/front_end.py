"""The log-mel front end as torch operations, so that an exported graph takes waveforms.

It computes what `serenade.audio.logmel` computes (a parity test compares them), for a padded batch: every
clip is padded, referenced and normalised within its own length, as if it were alone.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from serenade.audio.front_end import FrontEnd
from serenade.audio.logmel import AMIN, EPSILON, mel_filters
from serenade.networks.layers.masking import frame_mask


class _Spectrum(torch.autograd.Function):
    """Short-time Fourier transform that exports as one ONNX `STFT` node.

    Gradients are not needed: features are computed before training, and exported graphs do not train.
    """

    @staticmethod
    def forward(ctx: Any, signal: Tensor, window: Tensor, n_fft: int, hop: int) -> Tensor:
        """Real and imaginary parts [shape=(batch, frames, bins, 2)]."""
        spectrum = torch.stft(signal, n_fft, hop, window=window, center=False, return_complex=True)
        return torch.view_as_real(spectrum).transpose(1, 2)

    @staticmethod
    def symbolic(g: Any, signal: Any, window: Any, n_fft: int, hop: int) -> Any:
        """The same as an ONNX node, with any batch size and number of frames."""

        def constant(value: int | list[int]) -> Any:
            return g.op("Constant", value_t=torch.tensor(value))

        with_channel = g.op("Unsqueeze", signal, constant([2]))
        node = g.op("STFT", with_channel, constant(hop), window, constant(n_fft), onesided_i=1)
        return node.setType(signal.type().with_sizes([None, None, n_fft // 2 + 1, 2]))


LARGEST_CONVOLUTION = 512
"""Largest window in samples whose transform is exported as a convolution: 1 MB of weights.

For such windows it takes a third of the time of onnxruntime's `STFT` node, and a tenth for 400 samples, which
are no power of two. Measured on one core.
"""


class _Convolution(nn.Module):
    """The power spectrum as a convolution with windowed cosines and sines."""

    basis: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        self.hop, self.bins = hop, n_fft // 2 + 1
        # Reduced before the multiplication, so that the angles are exact.
        turns = torch.outer(torch.arange(self.bins), torch.arange(n_fft)) % n_fft
        angles = turns.double() * (2 * math.pi / n_fft)
        window = torch.hann_window(n_fft, periodic=True, dtype=torch.float64)
        self.register_buffer("basis", (torch.cat([angles.cos(), angles.sin()]) * window).float()[:, None])

    def forward(self, signal: Tensor) -> Tensor:
        """Power [shape=(batch, frames, bins)] of a signal [shape=(batch, samples)]."""
        squares = nn.functional.conv1d(signal[:, None], self.basis, stride=self.hop).square()
        return (squares[:, : self.bins] + squares[:, self.bins :]).transpose(1, 2)


class _Transform(nn.Module):
    """The power spectrum by a Fourier transform."""

    window: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        self.register_buffer("window", torch.hann_window(n_fft, periodic=True))

    def forward(self, signal: Tensor) -> Tensor:
        """Power [shape=(batch, frames, bins)] of a signal [shape=(batch, samples)]."""
        spectrum: Tensor = _Spectrum.apply(signal, self.window, self.n_fft, self.hop)  # type: ignore[no-untyped-call]
        return spectrum.square().sum(-1)


def power_spectrum(n_fft: int, hop: int) -> nn.Module:
    """A module that computes the power spectrum, the faster of two.

    >>> power_spectrum(400, 160)(torch.randn(1, 4000)).shape
    torch.Size([1, 23, 201])
    """
    return (_Convolution if n_fft <= LARGEST_CONVOLUTION else _Transform)(n_fft, hop)


class TorchFrontEnd(nn.Module):
    """`FrontEnd` as a module: a padded batch of waveforms in, normalised features and their lengths out.

    >>> features, frames = TorchFrontEnd(FrontEnd())(torch.randn(2, 16_000), torch.tensor([16_000, 8_000]))
    >>> tuple(features.shape), frames.tolist()
    ((2, 128, 63), [63, 32])
    """

    filters: Tensor

    def __init__(self, front_end: FrontEnd) -> None:
        super().__init__()
        self.front_end = front_end
        if front_end.scale == "waveform":
            self.power: nn.Module = nn.Identity()
            return
        self.power = power_spectrum(front_end.n_fft, front_end.hop)
        self.register_buffer("filters", torch.from_numpy(mel_filters(front_end).copy()))

    def forward(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features of a batch.

        Args:
            waveform: at `rate_hz`, anything after each clip's end [shape=(batch, samples)].
            lengths: samples of each clip [shape=(batch,)], int64.

        Returns:
            features, zero after each clip's end [shape=(batch, mels, frames)], and frames of each clip.
        """
        front_end = self.front_end
        if front_end.max_samples is not None:
            waveform = waveform[:, : front_end.max_samples]
            lengths = lengths.clamp(max=front_end.max_samples)
        lengths = lengths.clamp(min=1)
        if front_end.scale == "waveform":
            return self._rows(waveform, lengths)
        signal = self._padded(waveform, lengths)
        power = self.power(signal)
        bins = power if front_end.power == 2 else power.clamp(min=AMIN).sqrt()
        mel = torch.matmul(bins, self.filters.T).transpose(1, 2)
        frames = self._frames(lengths)
        mel = mel[..., : mel.shape[-1] - 1] if self._drops_last and mel.shape[-1] > 1 else mel
        mask = frame_mask(frames, mel.shape[-1])[:, None]
        features = self._logarithm(mel * mask.to(mel.dtype))
        return self._normalized(features, mask, frames), frames

    def _rows(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The sound itself in rows of one hop [shape=(batch, hop, frames)]."""
        hop = self.front_end.hop
        # As a tensor: a number would become a constant of the exported graph.
        samples: Any = torch._shape_as_tensor(waveform)[1]
        count: Any = ((samples - hop).clamp(min=0)).div(hop, rounding_mode="floor") + 1
        sound = torch.cat([waveform, waveform.new_zeros(waveform.shape[0], hop)], dim=1)
        frames = self._frames(lengths)
        inside = torch.arange(count * hop)[None] < torch.minimum(lengths, frames * hop)[:, None]
        sound = sound[:, : count * hop] * inside.to(sound.dtype)
        return sound.reshape(-1, count, hop).transpose(1, 2), frames

    @property
    def basis(self) -> Tensor | None:
        """The table of a power spectrum by convolution; None if it is by a Fourier transform."""
        return self.power.basis if isinstance(self.power, _Convolution) else None

    @property
    def _drops_last(self) -> bool:
        return self.front_end.scale == "whisper"

    def _frames(self, lengths: Tensor) -> Tensor:
        front_end = self.front_end
        sides = 2 * (front_end.n_fft // 2) if front_end.center else 0
        frames = 1 + (lengths + sides - front_end.n_fft).clamp(min=0) // front_end.hop
        return (frames - 1).clamp(min=1) if self._drops_last else frames

    def _padded(self, waveform: Tensor, lengths: Tensor) -> Tensor:
        """Clips with the padding of `center` on both sides: zeros, or the clip reflected at its ends."""
        n_fft = self.front_end.n_fft
        side = n_fft // 2 if self.front_end.center else 0
        margin = 2 * side if self.front_end.center else n_fft
        position = torch.arange(waveform.shape[1] + margin, device=waveform.device)[None] - side
        length = lengths[:, None]
        if self.front_end.center and self.front_end.pad_mode == "reflect":
            period = (2 * (length - 1)).clamp(min=1)
            index = torch.remainder(position, period)
            index = torch.minimum(torch.minimum(index, period - index), length - 1)
            inside = position < length + side
        else:
            index = torch.minimum(position.clamp(min=0), length - 1)
            inside = (position >= 0) & (position < length)
        return waveform.gather(1, index) * inside.to(waveform.dtype)

    def _logarithm(self, mel: Tensor) -> Tensor:
        front_end = self.front_end
        mel = mel.clamp(min=AMIN if front_end.power == 2 else AMIN**0.5)
        if front_end.scale == "whisper":
            decades = mel.log10()
            return (torch.maximum(decades, decades.amax((1, 2), keepdim=True) - 8) + 4) / 4
        decibels = mel.log10() * (10 if front_end.power == 2 else 20)
        top = decibels.amax((1, 2), keepdim=True)
        if front_end.db_ref == "max":
            decibels, top = decibels - top, torch.zeros_like(top)
        return decibels if front_end.top_db is None else torch.maximum(decibels, top - front_end.top_db)

    def _normalized(self, features: Tensor, mask: Tensor, frames: Tensor) -> Tensor:
        """`normalize` of each clip over its own frames; padding becomes zero."""
        how = self.front_end.normalize
        inside = mask.to(features.dtype)
        if how in ("clip", "band"):
            axes = (1, 2) if how == "clip" else (2,)
            count = frames[:, None, None].to(features.dtype) * (features.shape[1] if how == "clip" else 1)
            # Relative to the first value, so that a constant clip has a mean of exactly zero.
            features = (features - (features[:, :1, :1] if how == "clip" else features[:, :, :1])) * inside
            mean = features.sum(axes, keepdim=True) / count
            variance = ((features - mean) * inside).square().sum(axes, keepdim=True) / count
            features = (features - mean) / (variance.sqrt() + EPSILON)
        elif how == "minmax":
            low = features.masked_fill(~mask, torch.inf).amin((1, 2), keepdim=True)
            high = features.masked_fill(~mask, -torch.inf).amax((1, 2), keepdim=True)
            span = high - low
            features = (features - low) / torch.where(span > 0, span, torch.ones_like(span))
        return features * inside
