from __future__ import annotations

import torch

from serenade.networks.layers.bag_of_words import BagOfWords


def test_a_bag_depends_on_bigrams_and_on_no_other_order():
    """A reversed text has the same tokens and other bigrams."""
    torch.manual_seed(0)
    bag = BagOfWords(40, 4)
    texts = torch.tensor([[2, 3, 2, 4, 2], [2, 4, 2, 3, 2], [4, 2, 2, 3, 2]])
    same_bigrams, others = bag(texts, torch.tensor([5, 5, 5])).sub(bag(texts[:1], torch.tensor([5])))[1:]
    assert same_bigrams.abs().max() < 1e-6
    assert others[:4].abs().max() < 1e-6
    assert others[4:].abs().max() > 1e-3
