"""A pretrained encoder of text that learns on: alone, or reading an utterance within its dialogue.

In a dialogue its utterances are one text for the encoder, each beginning with who speaks, as in EmoBERTa
(Kim and Vossen 2021). But all are judged at once, each by the mean over its own pieces, where EmoBERTa reads
the whole window anew for each: ten times as cheap.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Self

import torch
from torch import Tensor, nn

from serenade.errors import RecipeError
from serenade.features.encoders import load_encoder
from serenade.networks.encoder import Encoder
from serenade.networks.masking import frame_mask, places
from serenade.networks.registry import CONTEXTS, register_network

WINDOW = 510
"""Pieces that an encoder reads at once; what is longer is cut between two utterances."""

_HIDDEN = -1e4
"""Added to the score of a piece that must not be read; what is left of it is nothing in any precision."""


@register_network("text_encoder")
class TextEncoder(Encoder):
    """The lower layers of a Hugging Face encoder, the mean over the pieces of each text.

    Args:
        n_classes: number of labels.
        pretrained: `{"encoder": folder or name, "layers": those kept, "trained": how many learn}`, the
            uppermost ones.
        context: what of the dialogue is read with an utterance: "none", "past" or "all".
        dropout: before the last layer; inside it is the encoder's own, in the layers that learn.
    """

    exports = False

    def __init__(
        self, *, n_classes: int, pretrained: Mapping[str, Any], context: str = "none", dropout: float = 0.1
    ) -> None:
        super().__init__()
        if context not in CONTEXTS:
            raise RecipeError(f"context must be one of {', '.join(CONTEXTS)}, not {context!r}")
        self.context = context
        self.takes = frozenset({"tokens", "token_lengths"} | ({"dialogues"} if context != "none" else set()))
        self.encoder: Any = load_encoder(pretrained["encoder"], layers=pretrained["layers"])
        if not 0 < pretrained["trained"] <= pretrained["layers"]:
            raise RecipeError(
                f"{pretrained['trained']} layers of the encoder are to learn; {pretrained['layers']} are kept"
            )
        self.n_learning: int = pretrained["trained"]
        self.encoder.requires_grad_(False)
        for weight in self.pretrained_weights():
            weight.requires_grad_(True)
        self.width: int = self.encoder.config.hidden_size
        self.drop = nn.Dropout(dropout)
        self.classify = nn.Linear(self.width, n_classes)

    def encode(self, tokens: Tensor, token_lengths: Tensor, dialogues: Tensor | None = None) -> Tensor:
        """A vector of each text [shape=(n, width)]."""
        inside = frame_mask(token_lengths, tokens.shape[1])
        text_of = inside.nonzero()[:, 0]
        windows = token_lengths if dialogues is None else _windows(dialogues, token_lengths)
        filled, order = places(windows)
        texts = text_of[order]
        seen = filled[:, None, :].expand(-1, order.shape[1], -1)
        if self.context == "past":
            seen = seen & (texts[:, None, :] <= texts[:, :, None])
        hidden = torch.zeros(seen.shape, device=seen.device).masked_fill(~seen, _HIDDEN)
        # The windows hold the pieces in the order of the texts, which a mask brings back.
        states = self.encoder(input_ids=tokens[inside][order], attention_mask=hidden[:, None])
        pieces = states.last_hidden_state[filled].float()
        sums = pieces.new_zeros(len(tokens), self.width).index_add(0, text_of, pieces)
        means: Tensor = sums / token_lengths[:, None]
        return means

    def forward(self, tokens: Tensor, token_lengths: Tensor, dialogues: Tensor | None = None) -> Tensor:
        """Logits [shape=(n, classes)] of pieces [shape=(n, longest)] and how many of them count.

        Args:
            tokens: from the encoder's own tokenizer.
            token_lengths: [shape=(n,)].
            dialogues: utterances of each [shape=(d,)], unless the context is "none".
        """
        logits: Tensor = self.classify(self.drop(self.encode(tokens, token_lengths, dialogues)))
        return logits

    def train(self, mode: bool = True) -> Self:
        """As ever, but that the layers which learn nothing drop nothing either."""
        super().train(mode)
        self.encoder.eval()
        for layer in self._learning():
            layer.train(mode)
        return self

    def pretrained_weights(self) -> list[nn.Parameter]:
        """Those of the layers that learn."""
        return [weight for layer in self._learning() for weight in layer.parameters()]

    def _learning(self) -> list[nn.Module]:
        n_layers = self.encoder.config.num_hidden_layers
        stacks = (part for part in self.encoder.modules() if isinstance(part, nn.ModuleList))
        return list(next(stack for stack in stacks if len(stack) == n_layers))[-self.n_learning :]


def _windows(dialogues: Tensor, token_lengths: Tensor) -> Tensor:
    """Pieces of each text that the encoder reads at once: whole dialogues, cut where they are too long.

    >>> _windows(torch.tensor([2, 3]), torch.tensor([10, 20, 300, 200, 50])).tolist()
    [30, 500, 50]
    """
    windows: list[int] = []
    lengths = iter(token_lengths.tolist())
    for utterances in dialogues.tolist():
        windows.append(0)
        for pieces in islice(lengths, utterances):
            if windows[-1] and windows[-1] + pieces > WINDOW:
                windows.append(0)
            windows[-1] += pieces
    return torch.tensor(windows, device=dialogues.device)
