"""A pretrained text encoder that is fine-tuned, on single utterances or on whole dialogues.

The utterances of a dialogue are one text for the encoder, each with its speaker first, as in EmoBERTa (Kim
and Vossen 2021). All of them are classified in one pass, each from the mean over its own subword tokens;
EmoBERTa encodes the whole window once for each utterance, which costs ten times as much.
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
from serenade.networks.registry import register_network
from serenade.networks.utterance import UtteranceNetwork
from serenade.spec import CONTEXTS

WINDOW_TOKENS = 510
"""Longest input of an encoder; a longer dialogue is divided between two utterances."""

_MASKED = -1e4
"""Added to the attention score of a token that must not be attended to; its weight is 0 in any precision."""


@register_network("text_encoder")
class TextEncoder(UtteranceNetwork):
    """A fine-tuned Hugging Face encoder, with mean pooling over the subword tokens of each text.

    Args:
        n_classes: number of labels.
        pretrained: `{"encoder": folder or name, "layers": layers kept, "trained": layers fine-tuned}`, the
            uppermost ones.
        context: which other utterances of the dialogue are encoded with an utterance: "none", "past" or
            "all".
        dropout: before the last layer; the fine-tuned layers have the encoder's own, but not on attention
            weights.

    Raises:
        RecipeError: an unknown context, or more layers to fine-tune than are kept.
        ModelError: no such encoder (`serenade.encoders.text.load_encoder`), or one without position
            embeddings.
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
                f"text.trainable_layers is {pretrained['trained']}, and {pretrained['layers']} layers of the "
                "encoder are used"
            )
        self.n_trained: int = pretrained["trained"]
        self.encoder.requires_grad_(False)
        for weight in self.pretrained_weights():
            weight.requires_grad_(True)
        self.width: int = self.encoder.config.hidden_size
        positions = getattr(getattr(self.encoder, "embeddings", None), "position_embeddings", None)
        if positions is None:
            raise ModelError(
                "has no position embeddings; use an encoder like BERT, RoBERTa or MPNet",
                file=pretrained["encoder"],
            )
        # Some encoders number positions from the one after that of padding.
        self.first_position = 0 if positions.padding_idx is None else positions.padding_idx + 1
        self.drop = nn.Dropout(dropout)
        self.classify = nn.Linear(self.width, n_classes)

    def embed(self, tokens: Tensor, token_lengths: Tensor, dialogues: Tensor | None = None) -> Tensor:
        """Embeddings of texts [shape=(n, width)]."""
        inside = frame_mask(token_lengths, tokens.shape[1])
        text_of = inside.nonzero()[:, 0]
        windows = token_lengths if dialogues is None else _windows(dialogues, token_lengths)
        # Tokens follow each other text by text, and so window by window.
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
        attended = window_at[:, None, :] == window_at[:, :, None]
        if self.context == "past":
            attended = attended & (text_at[:, None, :] <= text_at[:, :, None])
        mask = torch.zeros(attended.shape, device=attended.device).masked_fill(~attended, _MASKED)
        states = self.encoder(
            input_ids=ids, position_ids=positions + self.first_position, attention_mask=mask[:, None]
        )
        outputs = states.last_hidden_state[row, column].float()
        sums = outputs.new_zeros(len(tokens), self.width).index_add(0, text_of, outputs)
        means: Tensor = sums / token_lengths[:, None]
        return means

    def forward(self, tokens: Tensor, token_lengths: Tensor, dialogues: Tensor | None = None) -> Tensor:
        """Logits [shape=(n, classes)].

        Args:
            tokens: subword tokens, from the encoder's own tokenizer [shape=(n, longest)].
            token_lengths: [shape=(n,)].
            dialogues: number of utterances of each [shape=(d,)], unless the context is "none".
        """
        logits: Tensor = self.classify(self.drop(self.embed(tokens, token_lengths, dialogues)))
        return logits

    def train(self, mode: bool = True) -> Self:
        """Set the mode; frozen layers stay in evaluation mode, without dropout."""
        super().train(mode)
        self.encoder.eval()
        for layer in self._trained_layers():
            layer.train(mode)
        return self

    def pretrained_weights(self) -> list[nn.Parameter]:
        """Those of the layers that are fine-tuned."""
        return [weight for layer in self._trained_layers() for weight in layer.parameters()]

    def _trained_layers(self) -> list[nn.Module]:
        n_layers = self.encoder.config.num_hidden_layers
        stacks = (module for module in self.encoder.modules() if isinstance(module, nn.ModuleList))
        return list(next(stack for stack in stacks if len(stack) == n_layers))[-self.n_trained :]


def _windows(dialogues: Tensor, token_lengths: Tensor) -> Tensor:
    """Tokens of each input of the encoder: whole dialogues, divided where they are too long.

    >>> _windows(torch.tensor([2, 3]), torch.tensor([10, 20, 300, 200, 50])).tolist()
    [30, 500, 50]
    """
    windows: list[int] = []
    lengths = iter(token_lengths.tolist())
    for utterances in dialogues.tolist():
        windows.append(0)
        for n_tokens in islice(lengths, utterances):
            if windows[-1] and windows[-1] + n_tokens > WINDOW_TOKENS:
                windows.append(0)
            windows[-1] += n_tokens
    return torch.tensor(windows, device=dialogues.device)


def _packed(windows: Tensor) -> tuple[Tensor, Tensor]:
    """Row of the batch and first column of each window; a row is as long as the longest window.

    First fit, longest first. In MELD one window per row would leave two fifths of the batch empty.

    >>> row, start = _packed(torch.tensor([3, 10, 6, 1]))
    >>> row.tolist(), start.tolist()
    ([1, 0, 1, 1], [6, 0, 0, 9])
    """
    row_of, start_of, filled = torch.zeros_like(windows), torch.zeros_like(windows), [0]
    longest = int(windows.max())
    for window in windows.argsort(descending=True, stable=True).tolist():
        n_tokens = int(windows[window])
        row = next((row for row, used in enumerate(filled) if used + n_tokens <= longest), len(filled))
        filled += [0] * (row == len(filled))
        row_of[window], start_of[window] = row, filled[row]
        filled[row] += n_tokens
    return row_of, start_of
