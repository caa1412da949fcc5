"""Utterances in the context of their dialogue: an utterance network, and an LSTM over its embeddings.

The LSTM has at every step who speaks as an input (as in bcLSTM, Poria et al. 2017, and DialogueRNN, Majumder
et al. 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from serenade.networks.layers.masking import group_rows
from serenade.networks.layers.recurrent import BiLstm, Lstm
from serenade.networks.registry import Network, register_network
from serenade.networks.utterance import create_utterance_network, given_sizes

MAX_SPEAKERS = 8
"""Speakers of a dialogue with an embedding of their own; further ones share the last."""

_SPEAKER_WIDTH = 16


@register_network("dialogue")
class Dialogue(Network):
    """An utterance network, an LSTM over the dialogue with speaker embeddings, and one layer over both.

    Args:
        n_classes: number of labels.
        n_mels: mel bands, for an audio utterance network.
        vocabulary: number of tokens, for one of tokens.
        text_width: features of a text vector, for one of text vectors.
        pretrained: encoder, for one that fine-tunes it; see `text_encoder`.
        utterance: name of the utterance network.
        utterance_options: its options.
        causal: whether only past utterances are known, as in a stream; else the LSTM is bidirectional.
        hidden: features of each direction.
        dropout: on the embeddings and before the last layer.

    >>> network = Dialogue(n_classes=7, text_width=600, utterance="text_head", causal=True).eval()
    >>> logits = network(
    ...     text_vectors=torch.randn(5, 600),
    ...     dialogues=torch.tensor([3, 2]),
    ...     speakers=torch.tensor([0, 1, 0, 0, 1]),
    ... )
    >>> logits.shape
    torch.Size([5, 7])
    """

    def __init__(
        self,
        *,
        n_classes: int,
        n_mels: int | None = None,
        vocabulary: int | None = None,
        text_width: int | None = None,
        pretrained: Mapping[str, Any] | None = None,
        utterance: str = "text_lstm",
        utterance_options: Mapping[str, Any] | None = None,
        causal: bool = False,
        hidden: int = 128,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        sizes = given_sizes(
            n_mels=n_mels, vocabulary=vocabulary, text_width=text_width, pretrained=pretrained
        )
        self.utterance = create_utterance_network(
            utterance, utterance_options, n_classes=n_classes, sizes=sizes
        )
        self.takes = self.utterance.takes | {"dialogues", "speakers"}
        self.context = "past" if causal and self.utterance.context != "all" else "all"
        self.exports = self.utterance.exports
        self.embed_speaker = nn.Embedding(MAX_SPEAKERS, _SPEAKER_WIDTH)
        n_inputs = self.utterance.width + _SPEAKER_WIDTH
        self.recur: nn.Module = Lstm(n_inputs, hidden) if causal else BiLstm(n_inputs, hidden)
        self.drop = nn.Dropout(dropout)
        self.causal = causal
        self.classify = nn.Linear(self.utterance.width + hidden * (1 if causal else 2), n_classes)

    def forward(self, *, dialogues: Tensor, speakers: Tensor, **inputs: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of whole dialogues, one after another.

        Args:
            dialogues: number of utterances of each [shape=(d,)], sums to n.
            speakers: numbered by first appearance in the dialogue [shape=(n,)].
            **inputs: of the utterance network, n rows each.
        """
        embeddings = self.embed_utterances(dialogues=dialogues, **inputs)
        return self.classify_utterances(embeddings, dialogues=dialogues, speakers=speakers)

    def embed_utterances(self, *, dialogues: Tensor, **inputs: Tensor) -> Tensor:
        """Embeddings of the utterance network [shape=(n, width)]; for inputs see `forward`."""
        if "dialogues" in self.utterance.takes:
            inputs["dialogues"] = dialogues
        return self.utterance.embed(**inputs)

    def classify_utterances(self, embeddings: Tensor, *, dialogues: Tensor, speakers: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] from the embeddings of whole dialogues."""
        embeddings = self.drop(embeddings)
        steps = torch.cat([embeddings, self.embed_speaker(speakers.clamp(max=MAX_SPEAKERS - 1))], dim=1)
        inside, rows = group_rows(dialogues)
        padded = steps[rows]
        states = self.recur(padded) if self.causal else self.recur(padded, inside)
        # The mask selects dialogue after dialogue, which is the order of the rows.
        context = states[inside]
        logits: Tensor = self.classify(torch.cat([embeddings, self.drop(context)], dim=1))
        return logits

    def muon_weights(self) -> list[nn.Parameter]:
        """Those of the utterance network."""
        return self.utterance.muon_weights()

    def pretrained_weights(self) -> list[nn.Parameter]:
        """Those of the utterance network."""
        return self.utterance.pretrained_weights()
