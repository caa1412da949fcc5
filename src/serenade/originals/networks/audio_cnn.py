"""The published MELD network on audio vectors: a 1-D CNN along the features of a vector (docs/origins.md)."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from serenade.networks.registry import register_network
from serenade.networks.utterance import UtteranceNetwork
from serenade.originals.networks.keras import batch_norm, initialize

CHANNELS = (64, 128, 256)


class VectorConvolutions(nn.Module):
    """Blocks of convolution over 3 features, ReLU, batch normalisation and pooling by 2, then the mean.

    Neighbouring features of a vector have no order in common; the convolution is as published.

    Args:
        audio_width: features of a vector; at least 8.
        dropout: after each block.
        last_pooled: whether the last block is pooled. If it is not, its dropout follows the mean.
    """

    def __init__(self, *, audio_width: int, dropout: Sequence[float], last_pooled: bool) -> None:
        super().__init__()
        if audio_width < 2 ** len(CHANNELS):
            raise ValueError(f"audio vectors need at least {2 ** len(CHANNELS)} features, not {audio_width}")
        inside = (1, *CHANNELS)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(narrow, wide, 3, padding=1) for narrow, wide in zip(inside, CHANNELS, strict=False)
        )
        self.norms = nn.ModuleList(batch_norm(wide) for wide in CHANNELS)
        self.drops = nn.ModuleList(nn.Dropout(share) for share in dropout)
        self.pooled = (True,) * (len(CHANNELS) - 1) + (last_pooled,)

    def forward(self, audio_vectors: Tensor) -> Tensor:
        """Return means [shape=(n, 256)] of vectors [shape=(n, audio_width)]."""
        maps = audio_vectors[:, None]
        for convolution, norm, drop, pooled in zip(
            self.convolutions, self.norms, self.drops, self.pooled, strict=True
        ):
            maps = norm(F.relu(convolution(maps)))
            maps = drop(F.max_pool1d(maps, 2)) if pooled else drop(maps.mean(2, keepdim=True))
        return maps.mean(2)


@register_network("audio_cnn.original")
class AudioCnnOriginal(UtteranceNetwork):
    """The published MELD network on audio vectors: three 1-D convolutional blocks, dense layers of 128, 64.

    Args:
        audio_width: features of a vector; 300 in `audio_emotion.pkl`.
        n_classes: number of labels.

    >>> from serenade.originals.networks.keras import keras_count
    >>> keras_count(AudioCnnOriginal(audio_width=300, n_classes=7))
    KerasCount(total=166919, trainable=166023)
    """

    takes = frozenset({"audio_vectors"})

    def __init__(self, *, audio_width: int, n_classes: int) -> None:
        super().__init__()
        self.convolve = VectorConvolutions(audio_width=audio_width, dropout=(0.3, 0.3, 0.4), last_pooled=True)
        self.dense1 = nn.Linear(CHANNELS[-1], 128)
        self.dense2 = nn.Linear(128, 64)
        self.drop1 = nn.Dropout(0.5)
        self.drop = nn.Dropout(0.4)
        self.width = 64
        self.classify = nn.Linear(self.width, n_classes)
        initialize(self)

    def embed(self, audio_vectors: Tensor) -> Tensor:
        """Return embeddings of utterances [shape=(n, 64)]."""
        hidden = self.drop1(F.relu(self.dense1(self.convolve(audio_vectors))))
        return F.relu(self.dense2(hidden))

    def forward(self, audio_vectors: Tensor) -> Tensor:
        """Return logits [shape=(n, classes)] of vectors [shape=(n, audio_width)]."""
        logits: Tensor = self.classify(self.drop(self.embed(audio_vectors)))
        return logits
