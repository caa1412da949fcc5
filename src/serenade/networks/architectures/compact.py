"""The default network: a small residual network over log-mels.

Residual blocks (He et al. 2016) with squeeze-and-excitation (Hu et al. 2018), then attentive statistics
pooling (Okabe et al. 2018). The stem reduces the number of bands to a quarter while there are few channels,
which keeps it cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.networks.layers.masking import frame_mask, halved, masked, masked_statistics
from serenade.networks.layers.time_stretch import time_stretch
from serenade.networks.registry import register_network
from serenade.networks.utterance import UtteranceNetwork


class SqueezeExcitation(nn.Module):
    """Channel gates from the mean over bands and valid frames."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(8, channels // 4)
        self.squeeze = nn.Linear(channels, hidden)
        self.excite = nn.Linear(hidden, channels)

    def forward(self, maps: Tensor, lengths: Tensor) -> Tensor:
        """Scale the channels of maps whose padding is zero [shape=(batch, channels, bands, frames)]."""
        mean = maps.sum((2, 3)) / (lengths[:, None] * maps.shape[2]).to(maps.dtype)
        gates = torch.sigmoid(self.excite(F.relu(self.squeeze(mean))))
        return maps * gates[:, :, None, None]


class Residual(nn.Module):
    """Two 3 x 3 convolutions, squeeze-and-excitation and a shortcut; the first one strides."""

    def __init__(self, inside: int, outside: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.halves_time = stride[1] == 2
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outside)
        self.excite = SqueezeExcitation(outside)
        self.shortcut: nn.Module = nn.Identity()
        if inside != outside or stride != (1, 1):
            self.shortcut = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, maps: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Maps and lengths after the block [shape=(batch, outside, bands, frames)]."""
        straight = self.shortcut(maps)
        if self.halves_time:
            lengths = halved(lengths)
        maps = masked(F.relu(self.norm1(self.conv1(maps))), lengths)
        maps = masked(self.norm2(self.conv2(maps)), lengths)
        maps = self.excite(maps, lengths)
        return masked(F.relu(maps + straight), lengths), lengths


class TemporalResidual(nn.Module):
    """A convolution over five steps of time and a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 5, padding=2, bias=False)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, steps: Tensor, inside: Tensor) -> Tensor:
        """Steps after the block, zero where `inside` is [shape=(batch, channels, frames)]."""
        changed: Tensor = (steps + F.relu(self.norm(self.conv(steps)))) * inside
        return changed


STRIDES = ((2, 2), (2, 1), (2, 2))
"""(mel, time) stride of each residual block."""

MIN_SPEED, MAX_SPEED = 0.25, 4.0
"""Range of `tta_speeds`."""

MOST_SPEEDS = 16
"""Number of `tta_speeds`: each is an evaluation of the network in every prediction."""


@register_network("compact")
class Compact(UtteranceNetwork):
    """A small residual CNN with attentive statistics pooling over time.

    A strided convolution, residual blocks, a projection of channels x bands, residual blocks over time, and
    the attention-weighted mean and standard deviation.

    Args:
        n_mels: mel bands.
        n_classes: number of labels.
        stem: channels of the first convolution (5 x 5, stride 4 in mel and 2 in time).
        widths: channels of each of the three residual blocks.
        projection: channels that are pooled over time.
        temporal: number of residual blocks over time between projection and pooling.
        dropout: before the last layer.
        tta_speeds: speeds at which a clip is evaluated; the log-probabilities are averaged (test-time
            augmentation). Training uses the clip as it is.

    Raises:
        RecipeError: `stem` or a width is not a multiple of 8 or below 16, not three widths, or a speed out of
            range.

    >>> network = Compact(n_mels=64, n_classes=6).eval()
    >>> network(torch.randn(2, 64, 50), torch.tensor([50, 7])).shape
    torch.Size([2, 6])
    """

    def __init__(
        self,
        *,
        n_mels: int,
        n_classes: int,
        stem: int = 16,
        widths: Sequence[int] = (32, 64, 96),
        projection: int = 128,
        temporal: int = 2,
        dropout: float = 0.2,
        tta_speeds: Sequence[float] = (1.0,),
    ) -> None:
        super().__init__()
        in_range = all(MIN_SPEED <= speed <= MAX_SPEED for speed in tta_speeds)
        if not (in_range and 1 <= len(tta_speeds) <= MOST_SPEEDS):
            raise RecipeError(
                f"network 'compact': tta_speeds must be 1 to {MOST_SPEEDS} numbers from {MIN_SPEED} to "
                f"{MAX_SPEED}, not {shorten(str(list(tta_speeds)), 100, placeholder=' …')}"
            )
        if len(widths) != len(STRIDES):
            raise RecipeError(f"network 'compact': widths must be {len(STRIDES)} numbers, not {list(widths)}")
        # With fewer than 16 channels in channels-last layout, oneDNN's backward pass of a strided 1 x 1
        # convolution writes out of bounds (torch 2.13, with 4 and 8 under MALLOC_CHECK_=3; not with 16, 24,
        # 40 in 2,000 steps). Multiples of 8 are the fastest sizes.
        if odd := [width for width in (stem, *widths) if width % 8 or width < 16]:
            raise RecipeError(
                f"network 'compact': stem and widths must be multiples of 8, and at least 16, not {odd[0]}"
            )
        self.tta_speeds = tuple(tta_speeds)
        self.stem = nn.Conv2d(1, stem, 5, (4, 2), 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(stem)
        blocks, inside, bands = [], stem, -(-n_mels // 4)
        for width, (over_mel, over_time) in zip(widths, STRIDES, strict=True):
            blocks.append(Residual(inside, width, (over_mel, over_time)))
            inside, bands = width, -(-bands // over_mel)
        self.blocks = nn.ModuleList(blocks)
        self.map_shape = (inside, bands)
        self.project = nn.Conv1d(inside * bands, projection, 1, bias=False)
        self.project_norm = nn.BatchNorm1d(projection)
        self.temporal = nn.ModuleList(TemporalResidual(projection) for _ in range(temporal))
        self.attend = nn.Sequential(
            nn.Conv1d(projection, projection // 2, 1), nn.Tanh(), nn.Conv1d(projection // 2, projection, 1)
        )
        self.drop = nn.Dropout(dropout)
        self.width = 2 * projection
        self.classify = nn.Linear(self.width, n_classes)

    @property
    def has_attention(self) -> bool:
        """True."""
        return True

    def attention_over_time(self, features: Tensor, lengths: Tensor) -> Tensor:
        """The mean over channels of the weights of the pooling, at the speed of the clip."""
        return self._steps(features, lengths)[1].mean(1)

    def embed(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Embeddings of clips [shape=(batch, width)]."""
        mean, deviation = masked_statistics(*self._steps(features, lengths))
        return torch.cat([mean, deviation], dim=1)

    def _steps(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Channels over time, and their weights in the pooling; both [shape=(batch, projection, steps)]."""
        maps = self.stem(masked(features[:, None], lengths))
        lengths = halved(lengths)
        maps = masked(F.relu(self.stem_norm(maps)), lengths)
        for block in self.blocks:
            maps, lengths = block(maps, lengths)
        # `project` as a filter over all bands: channels-last maps need no copy.
        over_bands = self.project.weight.view(self.project.out_channels, *self.map_shape, 1)
        steps = F.conv2d(maps, over_bands)[:, :, 0].contiguous()
        steps = F.relu(self.project_norm(steps))
        inside = frame_mask(lengths, steps.shape[2])[:, None]
        steps = steps * inside.to(steps.dtype)
        for block in self.temporal:
            steps = block(steps, inside.to(steps.dtype))
        scores = self.attend(steps).float().masked_fill(~inside, torch.finfo(torch.float32).min)
        return steps.float(), scores.softmax(2)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Logits [shape=(batch, classes)] from features [shape=(batch, mels, frames)]."""
        if self.training or self.tta_speeds == (1.0,):
            return self._logits(features, lengths)
        logits = [
            self._logits(*time_stretch(features, lengths, speed)).log_softmax(-1) for speed in self.tta_speeds
        ]
        return torch.stack(logits).mean(0)

    def _logits(self, features: Tensor, lengths: Tensor) -> Tensor:
        logits: Tensor = self.classify(self.drop(self.embed(features, lengths)))
        return logits

    def muon_weights(self) -> list[nn.Parameter]:
        """The filters of the residual blocks and of the projection."""
        parts = (self.blocks, self.project, self.temporal)
        return [weight for part in parts for weight in part.parameters() if weight.ndim > 2]
