"""The published MELD audio network: a 2-D CNN over a spectrogram of fixed width (docs/origins.md)."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from serenade.networks.layers.masking import frame_mask
from serenade.networks.registry import SOUND, register_network
from serenade.networks.utterance import UtteranceNetwork
from serenade.originals.networks.keras import batch_norm, initialize

CHANNELS = (32, 64, 128, 256)
WIDTH_FRAMES = 128


class ConvPyramid(nn.Module):
    """Four blocks, each a 3 x 3 convolution, ReLU, batch normalisation, pooling by 2 and dropout.

    Args:
        n_mels: mel bands.
        width_frames: every clip is padded with zeros, or cut, to so many frames; the size is in the weights
            of the next layer.
        dropout: behind each block.

    Attributes:
        width: features of the flattened maps.
    """

    def __init__(self, *, n_mels: int, width_frames: int, dropout: Sequence[float]) -> None:
        super().__init__()
        self.width_frames = width_frames
        inside = (1, *CHANNELS)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(narrow, wide, 3, padding=1) for narrow, wide in zip(inside, CHANNELS, strict=False)
        )
        self.norms = nn.ModuleList(batch_norm(wide, dimensions=2) for wide in CHANNELS)
        self.drops = nn.ModuleList(nn.Dropout(share) for share in dropout)
        pooling = 2 ** len(CHANNELS)
        self.width = CHANNELS[-1] * (n_mels // pooling) * (width_frames // pooling)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Flattened maps [shape=(n, width)] of features [shape=(n, mels, frames)]."""
        features = features.masked_fill(~frame_mask(lengths, features.shape[-1])[:, None], 0)
        maps = F.pad(features, (0, self.width_frames))[:, None, :, : self.width_frames]
        for convolution, norm, drop in zip(self.convolutions, self.norms, self.drops, strict=True):
            maps = drop(F.max_pool2d(norm(F.relu(convolution(maps))), 2))
        return maps.flatten(1)


@register_network("spectrogram_cnn")
class SpectrogramCnn(UtteranceNetwork):
    """The published MELD audio network: four convolutional blocks, dense layers of 256 and 128 units.

    Zeros behind a clip's end, up to the fixed width, count as sound, as in the original.

    Args:
        n_mels: mel bands.
        n_classes: number of labels.
        width_frames: the width every clip is padded or cut to.

    >>> from serenade.originals.networks.keras import keras_count
    >>> keras_count(SpectrogramCnn(n_mels=128, n_classes=7))
    KerasCount(total=4618119, trainable=4617159)
    """

    takes = SOUND

    def __init__(self, *, n_mels: int, n_classes: int, width_frames: int = WIDTH_FRAMES) -> None:
        super().__init__()
        self.convolve = ConvPyramid(n_mels=n_mels, width_frames=width_frames, dropout=(0.25, 0.25, 0.25, 0.3))
        self.dense1 = nn.Linear(self.convolve.width, 256)
        self.dense2 = nn.Linear(256, 128)
        self.drop1 = nn.Dropout(0.5)
        self.drop = nn.Dropout(0.4)
        self.width = 128
        self.classify = nn.Linear(self.width, n_classes)
        initialize(self)

    def embed(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Embeddings of clips [shape=(n, 128)]."""
        hidden = self.drop1(F.relu(self.dense1(self.convolve(features, lengths))))
        return F.relu(self.dense2(hidden))

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of features [shape=(n, mels, frames)]."""
        logits: Tensor = self.classify(self.drop(self.embed(features, lengths)))
        return logits
