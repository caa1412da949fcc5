"""The published MELD text network: two LSTM layers over a sequence of length 1 (docs/origins.md)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from serenade.networks.layers.recurrent import Lstm
from serenade.networks.registry import register_network
from serenade.networks.utterance import UtteranceNetwork
from serenade.originals.networks.keras import batch_norm, initialize

LSTM_WIDTHS = (128, 64)


class TwoLstms(nn.Module):
    """LSTM 128 and 64, each with dropout and batch normalisation; the vector is the sequence's only step.

    Args:
        text_width: features of a vector.
        dropout: behind each LSTM.
    """

    def __init__(self, text_width: int, *, dropout: float) -> None:
        super().__init__()
        wide, narrow = LSTM_WIDTHS
        self.lstm1, self.norm1 = Lstm(text_width, wide), batch_norm(wide)
        self.lstm2, self.norm2 = Lstm(wide, narrow), batch_norm(narrow)
        self.drop = nn.Dropout(dropout)

    def forward(self, text_vectors: Tensor) -> Tensor:
        """[shape=(n, 64)] of vectors [shape=(n, text_width)]."""
        hidden = self.norm1(self.drop(self.lstm1(text_vectors[:, None])[:, 0]))
        judged: Tensor = self.norm2(self.drop(self.lstm2(hidden[:, None])[:, 0]))
        return judged


@register_network("text_lstm.original")
class TextLstmOriginal(UtteranceNetwork):
    """The published MELD text network: LSTM layers of 128 and 64 units, dense layers of 64 and 32.

    Args:
        text_width: features of a vector; 600 in `text_emotion.pkl`.
        n_classes: number of labels.

    >>> from serenade.originals.networks.keras import keras_count
    >>> keras_count(TextLstmOriginal(text_width=600, n_classes=7))
    KerasCount(total=429895, trainable=429511)
    """

    takes = frozenset({"text_vectors"})

    def __init__(self, *, text_width: int, n_classes: int) -> None:
        super().__init__()
        self.lstms = TwoLstms(text_width, dropout=0.5)
        self.dense1 = nn.Linear(LSTM_WIDTHS[-1], 64)
        self.dense2 = nn.Linear(64, 32)
        self.drop = nn.Dropout(0.5)
        self.width = 32
        self.classify = nn.Linear(self.width, n_classes)
        initialize(self)

    def embed(self, text_vectors: Tensor) -> Tensor:
        """Embeddings of texts [shape=(n, 32)]."""
        hidden = self.drop(F.relu(self.dense1(self.lstms(text_vectors))))
        return F.relu(self.dense2(hidden))

    def forward(self, text_vectors: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of vectors [shape=(n, text_width)]."""
        logits: Tensor = self.classify(self.drop(self.embed(text_vectors)))
        return logits
