"""Networks of text: an LSTM over tokens, and a head over the vectors of a frozen encoder."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.networks.layers.bag_of_words import BagOfWords, small_embedding, token_dropout
from serenade.networks.layers.masking import frame_mask
from serenade.networks.layers.recurrent import BiLstm
from serenade.networks.registry import register_network
from serenade.networks.utterance import UtteranceNetwork


@register_network("text_lstm")
class TextLstm(UtteranceNetwork):
    """A bidirectional LSTM over tokens, with mean and maximum pooling.

    Args:
        vocabulary: number of tokens, padding (0) and the unknown token (1) included.
        n_classes: number of labels.
        embedding: features of a token.
        hidden: features of each direction.
        bag: size of the embeddings of tokens and of bigrams in a bag of words beside the LSTM, which learns
            faster what does not depend on order; 0 for none.
        dropout: on the token embeddings and before the last layer.
        word_dropout: probability that training replaces a token by the unknown token (Iyyer et al. 2015).

    >>> network = TextLstm(vocabulary=50, n_classes=7).eval()
    >>> network(torch.tensor([[2, 3, 4], [5, 0, 0]]), torch.tensor([3, 1])).shape
    torch.Size([2, 7])
    """

    takes = frozenset({"tokens", "token_lengths"})

    def __init__(
        self,
        *,
        vocabulary: int,
        n_classes: int,
        embedding: int = 128,
        hidden: int = 128,
        bag: int = 0,
        dropout: float = 0.5,
        word_dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.word_dropout = word_dropout
        self.embed_tokens = small_embedding(vocabulary, embedding, std=0.1)
        self.recur = BiLstm(embedding, hidden)
        self.drop = nn.Dropout(dropout)
        self.bag = BagOfWords(vocabulary, bag) if bag else None
        self.width = 4 * hidden + 2 * bag
        self.classify = nn.Linear(self.width, n_classes)

    def embed(self, tokens: Tensor, token_lengths: Tensor) -> Tensor:
        """Embeddings of texts [shape=(n, width)]."""
        if self.training:
            tokens = token_dropout(tokens, self.word_dropout)
        embedded = self.drop(self.embed_tokens(tokens))
        inside = frame_mask(token_lengths, embedded.shape[1])
        states = self.recur(embedded, inside)
        outside = ~inside[..., None]
        mean = states.masked_fill(outside, 0).sum(1) / token_lengths[:, None].to(states.dtype)
        maximum = states.masked_fill(outside, torch.finfo(states.dtype).min).amax(1)
        pooled = [mean, maximum]
        if self.bag is not None:
            pooled.append(self.bag(tokens, token_lengths))
        return torch.cat(pooled, dim=1)

    def forward(self, tokens: Tensor, token_lengths: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of tokens [shape=(n, longest)] and their lengths [shape=(n,)]."""
        logits: Tensor = self.classify(self.drop(self.embed(tokens, token_lengths)))
        return logits


@register_network("text_head")
class TextHead(UtteranceNetwork):
    """One hidden layer over the vectors of a frozen text encoder.

    Args:
        text_width: features of a vector.
        n_classes: number of labels.
        hidden: features of the hidden layer.
        dropout: on the vectors and before the last layer.

    >>> TextHead(text_width=384, n_classes=7)(torch.randn(2, 384)).shape
    torch.Size([2, 7])
    """

    takes = frozenset({"text_vectors"})

    def __init__(self, *, text_width: int, n_classes: int, hidden: int = 256, dropout: float = 0.3) -> None:
        super().__init__()
        # Encoders differ in scale, some between features too.
        self.norm = nn.LayerNorm(text_width)
        self.project = nn.Linear(text_width, hidden)
        self.drop = nn.Dropout(dropout)
        self.width = hidden
        self.classify = nn.Linear(hidden, n_classes)

    def embed(self, text_vectors: Tensor) -> Tensor:
        """Embeddings of texts [shape=(n, width)]."""
        return F.gelu(self.project(self.drop(self.norm(text_vectors))))

    def forward(self, text_vectors: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of vectors [shape=(n, text_width)]."""
        logits: Tensor = self.classify(self.drop(self.embed(text_vectors)))
        return logits
