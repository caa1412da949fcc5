"""Sums over the tokens of a text, whatever their order, and what networks of tokens share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from serenade.inference.tokens import UNKNOWN
from serenade.networks.layers.masking import frame_mask

BIGRAM_BINS = 2**15
"""Hash bins of bigrams: three times the number of bigrams that occur twice in MELD's train part."""

_PRIME = 7919


class BagOfWords(nn.Module):
    """Sums of the embeddings of tokens and of hashed bigrams (fastText; Joulin et al. 2017).

    Args:
        vocabulary: number of tokens.
        features: size of an embedding.

    >>> bag = BagOfWords(50, 16)
    >>> bag(torch.tensor([[2, 3, 4], [5, 0, 0]]), torch.tensor([3, 1])).shape
    torch.Size([2, 32])
    """

    def __init__(self, vocabulary: int, features: int) -> None:
        super().__init__()
        self.embed_tokens = small_embedding(vocabulary, features, std=0.05)
        self.embed_bigrams = small_embedding(BIGRAM_BINS, features, std=0.05)

    def forward(self, tokens: Tensor, token_lengths: Tensor) -> Tensor:
        """Both sums [shape=(n, 2 * features)] of tokens [shape=(n, longest)] and their lengths."""
        following = F.pad(tokens[:, 1:], (0, 1))
        bigrams = (tokens * _PRIME + following) % BIGRAM_BINS
        longest = tokens.shape[1]
        of_tokens = self.embed_tokens(tokens) * frame_mask(token_lengths, longest)[..., None]
        of_bigrams = self.embed_bigrams(bigrams) * frame_mask(token_lengths - 1, longest)[..., None]
        # Divided by the root of the length, between a mean (long texts too weak) and a sum (too strong).
        scale = token_lengths[:, None].to(of_tokens.dtype).rsqrt()
        return torch.cat([of_tokens.sum(1), of_bigrams.sum(1)], dim=1) * scale


def token_dropout(tokens: Tensor, probability: float) -> Tensor:
    """Replace tokens by the unknown token at random (word dropout; Iyyer et al. 2015); padding stays.

    >>> token_dropout(torch.tensor([[5, 6, 0]]), 1.0).tolist()
    [[1, 1, 0]]
    """
    dropped = torch.rand(tokens.shape, device=tokens.device) < probability
    return tokens.masked_fill(dropped & (tokens > 0), UNKNOWN)


def small_embedding(size: int, features: int, *, std: float) -> nn.Embedding:
    """An embedding that starts near zero, so that rare tokens start without influence.

    >>> bool(small_embedding(50, 16, std=0.1).weight.abs().max() < 1)
    True
    """
    embedding = nn.Embedding(size, features)
    nn.init.normal_(embedding.weight, std=std)
    return embedding
