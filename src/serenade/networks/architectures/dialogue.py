"""An utterance in its dialogue: what was said and done around it, and by whom.

A network of single utterances gives a vector of each; an LSTM walks over those of a dialogue, told at every
step who speaks (as in bcLSTM, Poria et al. 2017, and DialogueRNN, Majumder et al. 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from serenade.networks.layers.masking import places
from serenade.networks.layers.recurrent import BothWays, Lstm
from serenade.networks.registry import Network, register_network
from serenade.networks.utterance_encoder import create_part, sizes_of


@register_network("dialogue")
class Dialogue(Network):
    """An utterance network, an LSTM over the dialogue, one layer over both.

    Args:
        n_classes: number of labels.
        n_mels: mel bands, for an utterance network of sound.
        vocabulary: number of tokens, for one of words.
        text_width: features of a text's vector, for one of vectors.
        pretrained: encoder, for one that is made of it; see `text_encoder`.
        utterance: name of the utterance network.
        utterance_options: its own options.
        causal: whether only the past is known, as in a stream; else the LSTM walks both ways.
        hidden: features of each direction.
        speakers: how many speakers of a dialogue are told apart; further ones are taken for the last.
        speaker_width: features of a speaker.
        dropout: on the utterance's vectors and before the last layer.

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
        speakers: int = 8,
        speaker_width: int = 16,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        sizes = sizes_of(n_mels=n_mels, vocabulary=vocabulary, text_width=text_width, pretrained=pretrained)
        self.utterance = create_part(utterance, utterance_options, n_classes=n_classes, sizes=sizes)
        self.takes = self.utterance.takes | {"dialogues", "speakers"}
        self.context = "past" if causal and self.utterance.context != "all" else "all"
        self.exports = self.utterance.exports
        self.embed_speaker = nn.Embedding(speakers, speaker_width)
        n_inputs = self.utterance.width + speaker_width
        self.recur: nn.Module = Lstm(n_inputs, hidden) if causal else BothWays(n_inputs, hidden)
        self.drop = nn.Dropout(dropout)
        self.causal = causal
        self.classify = nn.Linear(self.utterance.width + hidden * (1 if causal else 2), n_classes)

    def forward(self, *, dialogues: Tensor, speakers: Tensor, **inputs: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] of whole dialogues, one after another.

        Args:
            dialogues: utterances of each [shape=(d,)], sums to n.
            speakers: who speaks, by first appearance in the dialogue [shape=(n,)].
            **inputs: what the utterance network takes, n rows each.
        """
        vectors = self.utterances(dialogues=dialogues, **inputs)
        return self.judge(vectors, dialogues=dialogues, speakers=speakers)

    def utterances(self, *, dialogues: Tensor, **inputs: Tensor) -> Tensor:
        """A vector of each utterance from its own network [shape=(n, width)]; for inputs see `forward`."""
        if "dialogues" in self.utterance.takes:
            inputs["dialogues"] = dialogues
        return self.utterance.encode(**inputs)

    def judge(self, vectors: Tensor, *, dialogues: Tensor, speakers: Tensor) -> Tensor:
        """Logits [shape=(n, classes)] from `utterances`."""
        vectors = self.drop(vectors)
        known = self.embed_speaker.num_embeddings - 1
        steps = torch.cat([vectors, self.embed_speaker(speakers.clamp(max=known))], dim=1)
        inside, rows = places(dialogues)
        padded = steps[rows]
        states = self.recur(padded) if self.causal else self.recur(padded, inside)
        # True places follow each other dialogue by dialogue: the order of the rows.
        context = states[inside]
        logits: Tensor = self.classify(torch.cat([vectors, self.drop(context)], dim=1))
        return logits

    def muon_weights(self) -> list[nn.Parameter]:
        """Those of the utterance network."""
        return self.utterance.muon_weights()

    def pretrained_weights(self) -> list[nn.Parameter]:
        """Those of the utterance network."""
        return self.utterance.pretrained_weights()
