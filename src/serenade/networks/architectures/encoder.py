"""A frozen speech encoder, statistics over time, and a linear layer on them."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor, nn

from serenade.encoders.rounding import Precision
from serenade.encoders.speech import SpeechEncoder
from serenade.encoders.speech_statistics import SpeechStatistics
from serenade.networks.registry import register_network
from serenade.networks.utterance import UtteranceNetwork


@register_network("encoder")
class EncoderNetwork(UtteranceNetwork):
    """A frozen speech encoder (Whisper) with a linear layer on standardised statistics of its states.

    The middle layers of a speech recogniser carry much about emotion. The statistics are computed once and
    cached in the store, and the linear layer is solved in closed form
    (`serenade.training.linear_classifier`), so training takes seconds. The encoder is not part of the weights
    that are saved for a fold run; an exported graph contains it.

    Args:
        n_classes: number of labels.
        encoder: a folder in Hugging Face's layout, a name such as `openai/whisper-base`, or the name of a
            bundled model.
        first_layer: the first layer, from 1, whose states are used.
        last_layer: the last one.
        precision: of the encoder's stored matrices: "float32", "float16", "int8" or "int4".

    Raises:
        ModelError: there is no such encoder, or it has fewer layers.
    """

    takes = frozenset({"statistics"})
    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        *,
        n_classes: int,
        encoder: str = "serenade-base",
        first_layer: int = 1,
        last_layer: int = 5,
        precision: Precision = "int8",
    ) -> None:
        super().__init__()
        self.encoder = SpeechEncoder(
            source=encoder, first_layer=first_layer, last_layer=last_layer, precision=precision
        )
        self.width = self.encoder.width
        self.register_buffer("mean", torch.zeros(self.width))
        self.register_buffer("scale", torch.ones(self.width))
        self.drop = nn.Identity()
        self.classify = nn.Linear(self.width, n_classes)

    @cached_property
    def speech(self) -> SpeechStatistics:
        """The encoder with its pooling: log-mel in, statistics out."""
        return self.encoder.load()

    def embed(self, statistics: Tensor) -> Tensor:
        """Return standardised statistics [shape=(n, width)]."""
        return (statistics - self.mean) / self.scale

    def forward(self, statistics: Tensor) -> Tensor:
        """Return logits [shape=(n, classes)] of the statistics of clips [shape=(n, width)]."""
        logits: Tensor = self.classify(self.embed(statistics))
        return logits
