"""Networks of audio and text; either input may be missing.

A missing, corrupt or silent clip, or an empty text, is an absent modality: the network ignores its inputs and
uses the other one alone. Training drops modalities at random (modality dropout; Neverova et al. 2016), by
default the sound of a third of the utterances and the text of another third. With less, an uninformative
modality makes the prediction worse than the other one alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from serenade.networks.registry import Network, register_network
from serenade.networks.utterance import create_utterance_network, given_sizes

MODALITIES = ("sound", "text")
"""The columns of `present`."""

# In place of the inputs of an absent modality, which may hold anything, even NaN.
_ABSENT = {"features": 0.0, "lengths": 1, "tokens": 1, "token_lengths": 1, "text_vectors": 0.0}


class _TwoModalities(Network):
    """An audio network and a text network."""

    def __init__(
        self,
        *,
        n_classes: int,
        sizes: Mapping[str, int],
        names: tuple[str, str],
        options: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None],
        modality_dropout: float,
        classifies: bool,
    ) -> None:
        super().__init__()
        self.sound, self.text = (
            create_utterance_network(
                name, own_options, n_classes=n_classes, sizes=sizes, classifies=classifies
            )
            for name, own_options in zip(names, options, strict=True)
        )
        self.takes = self.sound.takes | self.text.takes | {"present"}
        self.modality_dropout = modality_dropout

    def inputs_of(self, modality: str, inputs: Mapping[str, Tensor], present: Tensor) -> dict[str, Tensor]:
        """The inputs of one modality, with neutral values where it is absent."""
        is_present = present[:, MODALITIES.index(modality)]
        network = self.sound if modality == "sound" else self.text
        return {
            name: torch.where(
                is_present.reshape(-1, *(1,) * (inputs[name].ndim - 1)),
                inputs[name],
                torch.full_like(inputs[name][:1], _ABSENT[name]),
            )
            for name in sorted(network.takes)
        }

    def drop_modalities(self, present: Tensor) -> Tensor:
        """In training, drop one modality of some utterances that have both [shape=(n, 2)]."""
        if not self.training or not self.modality_dropout:
            return present
        draw = torch.rand(len(present), device=present.device)
        dropped = torch.stack([draw < self.modality_dropout / 2, draw > 1 - self.modality_dropout / 2], dim=1)
        return present & ~(dropped & present.all(1, keepdim=True))

    def muon_weights(self) -> list[nn.Parameter]:
        """Those of both networks."""
        return self.sound.muon_weights() + self.text.muon_weights()


@register_network("fusion")
class Fusion(_TwoModalities):
    """Gated fusion: a gate weighs the modalities feature by feature (Arevalo et al. 2017).

    Args:
        n_classes: number of labels.
        n_mels: mel bands.
        vocabulary: number of tokens, for a text network of tokens.
        text_width: features of a text vector, for one of text vectors.
        sound: name of the audio network.
        text: name of the text network.
        sound_options: options of the audio network.
        text_options: options of the text network.
        hidden: features of the fused vector.
        dropout: before the gate, against overfitting of the gate.
        modality_dropout: probability that training drops one modality of an utterance that has both.

    >>> network = Fusion(n_classes=7, n_mels=64, text_width=600, text="text_head").eval()
    >>> sorted(network.takes)
    ['features', 'lengths', 'present', 'text_vectors']
    """

    def __init__(
        self,
        *,
        n_classes: int,
        n_mels: int,
        vocabulary: int | None = None,
        text_width: int | None = None,
        sound: str = "compact",
        text: str = "text_lstm",
        sound_options: Mapping[str, Any] | None = None,
        text_options: Mapping[str, Any] | None = None,
        hidden: int = 128,
        dropout: float = 0.3,
        modality_dropout: float = 0.67,
    ) -> None:
        super().__init__(
            n_classes=n_classes,
            sizes=given_sizes(n_mels=n_mels, vocabulary=vocabulary, text_width=text_width),
            names=(sound, text),
            options=(sound_options, text_options),
            modality_dropout=modality_dropout,
            classifies=False,
        )
        # No normalisation here: it would scale an uninformative modality up to the level of the other one.
        self.project_sound = nn.Linear(self.sound.width, hidden)
        self.project_text = nn.Linear(self.text.width, hidden)
        self.gate = nn.Linear(2 * hidden, 2 * hidden)
        self.drop = nn.Dropout(dropout)
        self.classify = nn.Linear(hidden, n_classes)

    def forward(self, *, present: Tensor, **inputs: Tensor) -> Tensor:
        """Logits [shape=(n, classes)]; constant where both modalities are absent.

        Args:
            present: whether there is sound, whether there is text [shape=(n, 2)].
            **inputs: of both networks, n rows each.
        """
        sound = self.project_sound(self.sound.embed(**self.inputs_of("sound", inputs, present)))
        text = self.project_text(self.text.embed(**self.inputs_of("text", inputs, present)))
        used = self.drop_modalities(present)[..., None]
        both = self.drop(torch.stack([sound, text], dim=1).tanh()).masked_fill(~used, 0)  # [n, 2, hidden]
        scores = self.gate(both.flatten(1)).view_as(both).float()
        gates = scores.masked_fill(~used, torch.finfo(torch.float32).min).softmax(1)
        logits: Tensor = self.classify((gates * both).sum(1))
        return logits


@register_network("fusion.late")
class LateFusion(_TwoModalities):
    """Late fusion: the weighted mean of the log-probabilities of an audio and a text network.

    Args:
        n_classes: number of labels.
        n_mels: mel bands.
        vocabulary: number of tokens, for a text network of tokens.
        text_width: features of a text vector, for one of text vectors.
        sound: name of the audio network.
        text: name of the text network.
        sound_options: options of the audio network.
        text_options: options of the text network.
        modality_dropout: probability that training drops one modality of an utterance that has both.

    >>> network = LateFusion(n_classes=7, n_mels=64, text_width=600, text="text_head").eval()
    >>> neither = torch.zeros(1, 2, dtype=torch.bool)
    >>> network(
    ...     features=torch.randn(1, 64, 9),
    ...     lengths=torch.tensor([9]),
    ...     text_vectors=torch.randn(1, 600),
    ...     present=neither,
    ... ).softmax(1).max().item() < 0.15
    True
    """

    def __init__(
        self,
        *,
        n_classes: int,
        n_mels: int,
        vocabulary: int | None = None,
        text_width: int | None = None,
        sound: str = "compact",
        text: str = "text_lstm",
        sound_options: Mapping[str, Any] | None = None,
        text_options: Mapping[str, Any] | None = None,
        modality_dropout: float = 0.67,
    ) -> None:
        super().__init__(
            n_classes=n_classes,
            sizes=given_sizes(n_mels=n_mels, vocabulary=vocabulary, text_width=text_width),
            names=(sound, text),
            options=(sound_options, text_options),
            modality_dropout=modality_dropout,
            classifies=True,
        )
        self.modality_weights = nn.Parameter(torch.zeros(2))
        self.prior = nn.Parameter(torch.zeros(n_classes))

    def forward(self, *, present: Tensor, **inputs: Tensor) -> Tensor:
        """Logits [shape=(n, classes)]; constant where both modalities are absent.

        Args:
            present: whether there is sound, whether there is text [shape=(n, 2)].
            **inputs: of both networks, n rows each.
        """
        logits = [
            self.sound(**self.inputs_of("sound", inputs, present)),
            self.text(**self.inputs_of("text", inputs, present)),
        ]
        log_probabilities = torch.stack(logits, dim=1).float().log_softmax(2)  # [n, 2, classes]
        used = self.drop_modalities(present).to(log_probabilities.dtype)
        weights = self.modality_weights.float().softmax(0) * used
        weights = weights / weights.sum(1, keepdim=True).clamp(min=1e-6)
        return self.prior + (log_probabilities * weights[..., None]).sum(1)
