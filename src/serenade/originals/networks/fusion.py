"""The published MELD fusion of text and audio: two branches, then dense layers (docs/origins.md)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.networks.registry import SOUND, Network, register_network
from serenade.originals.networks.keras import batch_norm, initialize
from serenade.originals.networks.spectrogram_cnn import WIDTH_FRAMES, ConvPyramid
from serenade.originals.networks.text_lstm import LSTM_WIDTHS, TwoLstms


@register_network("fusion.original")
class FusionOriginal(Network):
    """The published MELD fusion network: the LSTMs and the CNN, concatenated, then two dense layers.

    A missing clip is zeros to it, as in the original; `fusion` knows the difference.

    Args:
        n_mels: mel bands.
        text_width: features of a text's vector; 600 in `text_emotion.pkl`.
        n_classes: number of labels.
        width_frames: the width every clip is padded or cut to.

    >>> from serenade.originals.networks.keras import keras_count
    >>> keras_count(FusionOriginal(n_mels=128, text_width=600, n_classes=7)).total
    2948615
    """

    takes = SOUND | {"text_vectors"}

    def __init__(
        self, *, n_mels: int, text_width: int, n_classes: int, width_frames: int = WIDTH_FRAMES
    ) -> None:
        super().__init__()
        self.text = TwoLstms(text_width, dropout=0.3)
        self.text_dense = nn.Linear(LSTM_WIDTHS[-1], 64)
        self.sound = ConvPyramid(n_mels=n_mels, width_frames=width_frames, dropout=(0.3,) * 4)
        self.sound_dense1 = nn.Linear(self.sound.width, 128)
        self.sound_dense2 = nn.Linear(128, 64)
        self.dense1, self.norm1 = nn.Linear(128, 128), batch_norm(128)
        self.dense2 = nn.Linear(128, 64)
        self.drop = nn.Dropout(0.3)
        self.drop_more = nn.Dropout(0.4)
        self.classify = nn.Linear(64, n_classes)
        initialize(self)

    def forward(self, features: Tensor, lengths: Tensor, text_vectors: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of features [shape=(n, mels, frames)] and vectors of texts."""
        text = self.drop(F.relu(self.text_dense(self.text(text_vectors))))
        sound = self.drop_more(F.relu(self.sound_dense1(self.sound(features, lengths))))
        sound = self.drop(F.relu(self.sound_dense2(sound)))
        hidden = self.drop_more(F.relu(self.dense1(torch.cat([text, sound], dim=1))))
        hidden = self.drop(F.relu(self.dense2(self.norm1(hidden))))
        logits: Tensor = self.classify(hidden)
        return logits
