"""What is said: an LSTM over words learnt from scratch, and a head over the vectors of a frozen encoder."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.networks.architectures.text_bag import Bag, small_embedding, with_lost_words
from serenade.networks.layers.masking import frame_mask
from serenade.networks.layers.recurrent import BothWays
from serenade.networks.registry import register_network
from serenade.networks.utterance_encoder import Encoder


@register_network("text_lstm")
class TextLstm(Encoder):
    """Embedding, a bidirectional LSTM, mean and maximum over the words.

    Args:
        vocabulary: number of tokens, padding (0) and the unknown word (1) among them.
        n_classes: number of labels.
        embedding: features of a word.
        hidden: features of each direction.
        bag: features of a word and of a pair of words that are added up beside the LSTM, whatever their
            order (`serenade.networks.architectures.text_bag`); 0 for none. What a text is about needs no
            order, and a sum learns it sooner.
        dropout: on the embedded words and before the last layer.
        word_dropout: share of words that training takes for unknown (Iyyer et al. 2015).

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
        self.embed = small_embedding(vocabulary, embedding, std=0.1)
        self.recur = BothWays(embedding, hidden)
        self.drop = nn.Dropout(dropout)
        self.bag = Bag(vocabulary, bag) if bag else None
        self.width = 4 * hidden + 2 * bag
        self.classify = nn.Linear(self.width, n_classes)

    def encode(self, tokens: Tensor, token_lengths: Tensor) -> Tensor:
        """A vector of each text [shape=(n, width)]."""
        if self.training:
            tokens = with_lost_words(tokens, self.word_dropout)
        words = self.drop(self.embed(tokens))
        inside = frame_mask(token_lengths, words.shape[1])
        states = self.recur(words, inside)
        outside = ~inside[..., None]
        mean = states.masked_fill(outside, 0).sum(1) / token_lengths[:, None].to(states.dtype)
        greatest = states.masked_fill(outside, torch.finfo(states.dtype).min).amax(1)
        whole = [mean, greatest]
        if self.bag is not None:
            whole.append(self.bag(tokens, token_lengths))
        return torch.cat(whole, dim=1)

    def forward(self, tokens: Tensor, token_lengths: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of tokens [shape=(n, longest)] and how many of them count."""
        logits: Tensor = self.classify(self.drop(self.encode(tokens, token_lengths)))
        return logits


@register_network("text_head")
class TextHead(Encoder):
    """One hidden layer over the vectors of a frozen encoder.

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
        # Encoders differ in scale, some by their feature too: each vector is brought to one scale first.
        self.norm = nn.LayerNorm(text_width)
        self.project = nn.Linear(text_width, hidden)
        self.drop = nn.Dropout(dropout)
        self.width = hidden
        self.classify = nn.Linear(hidden, n_classes)

    def encode(self, text_vectors: Tensor) -> Tensor:
        """A vector of each text [shape=(n, width)]."""
        return F.gelu(self.project(self.drop(self.norm(text_vectors))))

    def forward(self, text_vectors: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of vectors [shape=(n, text_width)]."""
        logits: Tensor = self.classify(self.drop(self.encode(text_vectors)))
        return logits
