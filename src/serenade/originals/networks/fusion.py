"""The two published MELD fusions of text and audio: two branches, then dense layers (docs/origins.md)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.networks.registry import SOUND, Network, register_network
from serenade.originals.networks.audio_cnn import CHANNELS, VectorConvolutions
from serenade.originals.networks.keras import batch_norm, initialize
from serenade.originals.networks.spectrogram_cnn import WIDTH_FRAMES, ConvPyramid
from serenade.originals.networks.text_lstm import LSTM_WIDTHS, TwoLstms


class _Fusion(Network):
    """The layers that both fusions share.

    Args:
        text_width: features of a text's vector.
        audio: audio branch.
        audio_width: features of its output.
        n_classes: number of labels.
    """

    def __init__(self, *, text_width: int, audio: nn.Module, audio_width: int, n_classes: int) -> None:
        super().__init__()
        self.text = TwoLstms(text_width, dropout=0.3)
        self.text_dense = nn.Linear(LSTM_WIDTHS[-1], 64)
        self.sound = audio
        self.sound_dense1 = nn.Linear(audio_width, 128)
        self.sound_dense2 = nn.Linear(128, 64)
        self.dense1, self.norm1 = nn.Linear(128, 128), batch_norm(128)
        self.dense2 = nn.Linear(128, 64)
        self.drop = nn.Dropout(0.3)
        self.drop_more = nn.Dropout(0.4)
        self.classify = nn.Linear(64, n_classes)
        initialize(self)

    def fuse(self, text_vectors: Tensor, audio: Tensor) -> Tensor:
        """Return logits of vectors of texts and the output of the audio branch."""
        text = self.drop(F.relu(self.text_dense(self.text(text_vectors))))
        sound = self.drop_more(F.relu(self.sound_dense1(audio)))
        sound = self.drop(F.relu(self.sound_dense2(sound)))
        hidden = self.drop_more(F.relu(self.dense1(torch.cat([text, sound], dim=1))))
        hidden = self.drop(F.relu(self.dense2(self.norm1(hidden))))
        logits: Tensor = self.classify(hidden)
        return logits


@register_network("fusion.original")
class FusionOriginal(_Fusion):
    """The published MELD fusion of text and spectrograms: the LSTMs and the 2-D CNN, concatenated.

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
        audio = ConvPyramid(n_mels=n_mels, width_frames=width_frames, dropout=(0.3,) * 4)
        super().__init__(text_width=text_width, audio=audio, audio_width=audio.width, n_classes=n_classes)

    def forward(self, features: Tensor, lengths: Tensor, text_vectors: Tensor) -> Tensor:
        """Return logits [shape=(n, classes)] of features [shape=(n, mels, frames)] and vectors of texts."""
        return self.fuse(text_vectors, self.sound(features, lengths))


@register_network("fusion_vectors.original")
class FusionVectorsOriginal(_Fusion):
    """The published MELD fusion of text vectors and audio vectors: the LSTMs and the 1-D CNN, concatenated.

    Args:
        audio_width: features of an audio vector; 300 in `audio_emotion.pkl`.
        text_width: features of a text's vector; 600 in `text_emotion.pkl`.
        n_classes: number of labels.

    >>> from serenade.originals.networks.keras import keras_count
    >>> keras_count(FusionVectorsOriginal(audio_width=300, text_width=600, n_classes=7))
    KerasCount(total=619783, trainable=618247)
    """

    takes = frozenset({"audio_vectors", "text_vectors"})

    def __init__(self, *, audio_width: int, text_width: int, n_classes: int) -> None:
        audio = VectorConvolutions(audio_width=audio_width, dropout=(0.3, 0.3, 0.4), last_pooled=False)
        super().__init__(text_width=text_width, audio=audio, audio_width=CHANNELS[-1], n_classes=n_classes)

    def forward(self, audio_vectors: Tensor, text_vectors: Tensor) -> Tensor:
        """Return logits [shape=(n, classes)] of vectors of audio and of text [shape=(n, width)]."""
        return self.fuse(text_vectors, self.sound(audio_vectors))
