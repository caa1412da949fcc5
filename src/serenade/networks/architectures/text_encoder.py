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

from serenade.encoders.text import load_encoder
from serenade.errors import ModelError, RecipeError
from serenade.networks.layers.masking import frame_mask
from serenade.networks.registry import CONTEXTS, register_network
from serenade.networks.utterance_encoder import Encoder

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
        dropout: before the last layer; inside it is the encoder's own, in the layers that learn, but for the
            one of pairs of pieces.

    Raises:
        RecipeError: no such context, or more layers to learn than are kept.
        ModelError: no such encoder (`serenade.encoders.text.load_encoder`), or not of BERT's kind.
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
        positions = getattr(getattr(self.encoder, "embeddings", None), "position_embeddings", None)
        if positions is None:
            raise ModelError(
                "has no embedding of positions; take an encoder of BERT's kind", file=pretrained["encoder"]
            )
        # Some count from the one behind the position that stands for padding.
        self.first_position = 0 if positions.padding_idx is None else positions.padding_idx + 1
        self.drop = nn.Dropout(dropout)
        self.classify = nn.Linear(self.width, n_classes)

    def encode(self, tokens: Tensor, token_lengths: Tensor, dialogues: Tensor | None = None) -> Tensor:
        """A vector of each text [shape=(n, width)]."""
        inside = frame_mask(token_lengths, tokens.shape[1])
        text_of = inside.nonzero()[:, 0]
        windows = token_lengths if dialogues is None else _windows(dialogues, token_lengths)
        # Pieces follow each other text by text, and so window by window.
        window_of = torch.repeat_interleave(windows)
        place = torch.arange(len(text_of), device=windows.device) - (windows.cumsum(0) - windows)[window_of]
        row_of, start_of = _packed(windows)
        row, column = row_of[window_of], start_of[window_of] + place
        shape = (int(row_of.max()) + 1, int(windows.max()))
        ids, positions = tokens.new_zeros(shape), tokens.new_zeros(shape)
        ids[row, column], positions[row, column] = tokens[inside], place
        window_at, text_at = (
            torch.full(shape, -1, device=row.device).index_put((row, column), of)
            for of in (window_of, text_of)
        )
        seen = window_at[:, None, :] == window_at[:, :, None]
        if self.context == "past":
            seen = seen & (text_at[:, None, :] <= text_at[:, :, None])
        hidden = torch.zeros(seen.shape, device=seen.device).masked_fill(~seen, _HIDDEN)
        states = self.encoder(
            input_ids=ids, position_ids=positions + self.first_position, attention_mask=hidden[:, None]
        )
        pieces = states.last_hidden_state[row, column].float()
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


def _packed(windows: Tensor) -> tuple[Tensor, Tensor]:
    """The row in which each window lies and where it starts there; a row holds as much as the longest window.

    The longest first, each in the first row with room: an encoder's rows are then nearly full, where one
    window a row leaves two fifths of them empty in MELD's dialogues.

    >>> row, start = _packed(torch.tensor([3, 10, 6, 1]))
    >>> row.tolist(), start.tolist()
    ([1, 0, 1, 1], [6, 0, 0, 9])
    """
    row_of, start_of, filled = torch.zeros_like(windows), torch.zeros_like(windows), [0]
    longest = int(windows.max())
    for window in windows.argsort(descending=True, stable=True).tolist():
        pieces = int(windows[window])
        row = next((row for row, full in enumerate(filled) if full + pieces <= longest), len(filled))
        filled += [0] * (row == len(filled))
        row_of[window], start_of[window] = row, filled[row]
        filled[row] += pieces
    return row_of, start_of
