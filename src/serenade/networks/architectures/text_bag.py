"""What is said, whatever its order: words and pairs of neighbours, each with a vector, added up."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.inference.tokens import UNKNOWN
from serenade.networks.layers.masking import frame_mask
from serenade.networks.registry import register_network
from serenade.networks.utterance_encoder import Encoder

PAIR_BINS = 2**15
"""Bins that pairs of words share by their hash: three times the pairs that MELD's train part has twice."""

_PRIME = 7919


class Bag(nn.Module):
    """Sums of the vectors of words and of hashed pairs of neighbours (fastText; Joulin et al. 2017).

    Args:
        vocabulary: number of tokens.
        features: of a word, and of a pair.

    >>> bag = Bag(50, 16)
    >>> bag(torch.tensor([[2, 3, 4], [5, 0, 0]]), torch.tensor([3, 1])).shape
    torch.Size([2, 32])
    """

    def __init__(self, vocabulary: int, features: int) -> None:
        super().__init__()
        self.words = small_embedding(vocabulary, features, std=0.05)
        self.pairs = small_embedding(PAIR_BINS, features, std=0.05)

    def forward(self, tokens: Tensor, token_lengths: Tensor) -> Tensor:
        """Both sums [shape=(n, 2 * features)] of tokens [shape=(n, longest)] and how many of them count."""
        following = F.pad(tokens[:, 1:], (0, 1))
        pairs = (tokens * _PRIME + following) % PAIR_BINS
        longest = tokens.shape[1]
        words = self.words(tokens) * frame_mask(token_lengths, longest)[..., None]
        pairs = self.pairs(pairs) * frame_mask(token_lengths - 1, longest)[..., None]
        # By the root of the length: a mean would hush long texts, a sum would let them shout.
        scale = token_lengths[:, None].to(words.dtype).rsqrt()
        return torch.cat([words.sum(1), pairs.sum(1)], dim=1) * scale


@register_network("text_bag")
class TextBag(Encoder):
    """A linear layer over a bag of words and pairs: the quickest network of text.

    Args:
        vocabulary: number of tokens, padding (0) and the unknown word (1) among them.
        n_classes: number of labels.
        features: of a word, and of a pair.
        dropout: before the last layer.
        word_dropout: share of words that training takes for unknown (Iyyer et al. 2015).

    >>> network = TextBag(vocabulary=50, n_classes=7).eval()
    >>> network(torch.tensor([[2, 3, 4], [5, 0, 0]]), torch.tensor([3, 1])).shape
    torch.Size([2, 7])
    """

    takes = frozenset({"tokens", "token_lengths"})

    def __init__(
        self,
        *,
        vocabulary: int,
        n_classes: int,
        features: int = 64,
        dropout: float = 0.5,
        word_dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.word_dropout = word_dropout
        self.bag = Bag(vocabulary, features)
        self.drop = nn.Dropout(dropout)
        self.width = 2 * features
        self.classify = nn.Linear(self.width, n_classes)

    def encode(self, tokens: Tensor, token_lengths: Tensor) -> Tensor:
        """A vector of each text [shape=(n, width)]."""
        if self.training:
            tokens = with_lost_words(tokens, self.word_dropout)
        vectors: Tensor = self.bag(tokens, token_lengths)
        return vectors

    def forward(self, tokens: Tensor, token_lengths: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of tokens [shape=(n, longest)] and how many of them count."""
        logits: Tensor = self.classify(self.drop(self.encode(tokens, token_lengths)))
        return logits


def with_lost_words(tokens: Tensor, share: float) -> Tensor:
    """Tokens, a share of the words among them taken for unknown.

    >>> with_lost_words(torch.tensor([[5, 6, 0]]), 1.0).tolist()
    [[1, 1, 0]]
    """
    lost = torch.rand(tokens.shape, device=tokens.device) < share
    return tokens.masked_fill(lost & (tokens > 0), UNKNOWN)


def small_embedding(size: int, features: int, *, std: float) -> nn.Embedding:
    """Vectors that begin near zero: what is rare in training then says little, where PyTorch's own say noise.

    >>> bool(small_embedding(50, 16, std=0.1).weight.abs().max() < 1)
    True
    """
    embedding = nn.Embedding(size, features)
    nn.init.normal_(embedding.weight, std=std)
    return embedding
