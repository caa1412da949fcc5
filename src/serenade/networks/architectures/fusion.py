"""What is heard and what is said, together; either may be absent.

A missing, corrupt or silent clip, or an empty text, is an absent half: its content is never looked at, and
the other one decides alone. Training makes halves absent, so that each learns to stand alone (modality
dropout; Neverova et al. 2016): the sound of a third of the utterances and the text of another third, where
nothing else is asked for. With less of it, a half that says nothing spoils the other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from serenade.networks.registry import Network, register_network
from serenade.networks.utterance_encoder import create_part, sizes_of

HALVES = ("sound", "text")
"""The columns of `present`."""

# What stands in place of an absent half's inputs: whatever was there must not matter, not even nan.
_NOTHING = {"features": 0.0, "lengths": 1, "tokens": 1, "token_lengths": 1, "text_vectors": 0.0}


class _TwoHalves(Network):
    """A network of sound and one of text, side by side."""

    def __init__(
        self,
        *,
        n_classes: int,
        sizes: Mapping[str, int],
        names: tuple[str, str],
        options: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None],
        modality_dropout: float,
        judges: bool,
    ) -> None:
        super().__init__()
        self.sound, self.text = (
            create_part(name, some, n_classes=n_classes, sizes=sizes, judges=judges)
            for name, some in zip(names, options, strict=True)
        )
        self.takes = self.sound.takes | self.text.takes | {"present"}
        self.modality_dropout = modality_dropout

    def inputs_of(self, half: str, inputs: Mapping[str, Tensor], present: Tensor) -> dict[str, Tensor]:
        """The inputs of one half, the content of absent ones taken out."""
        there = present[:, HALVES.index(half)]
        part = self.sound if half == "sound" else self.text
        return {
            name: torch.where(
                there.reshape(-1, *(1,) * (inputs[name].ndim - 1)),
                inputs[name],
                torch.full_like(inputs[name][:1], _NOTHING[name]),
            )
            for name in sorted(part.takes)
        }

    def thinned(self, present: Tensor) -> Tensor:
        """In training, now and then only one half of an utterance that has both [shape=(n, 2)]."""
        if not self.training or not self.modality_dropout:
            return present
        draw = torch.rand(len(present), device=present.device)
        lost = torch.stack([draw < self.modality_dropout / 2, draw > 1 - self.modality_dropout / 2], dim=1)
        return present & ~(lost & present.all(1, keepdim=True))

    def muon_weights(self) -> list[nn.Parameter]:
        """Those of the two halves."""
        return self.sound.muon_weights() + self.text.muon_weights()


@register_network("fusion")
class Fusion(_TwoHalves):
    """A gate weighs, feature by feature, what the halves say (Arevalo et al. 2017), among those present.

    Args:
        n_classes: number of labels.
        n_mels: mel bands.
        vocabulary: number of tokens, for a text network of words.
        text_width: features of a text's vector, for one of vectors.
        sound: name of the network of sound.
        text: name of the network of text.
        sound_options: its own options.
        text_options: its own options.
        hidden: features that the halves meet in.
        dropout: of what either half says, before the gate, which otherwise learns by heart whom to believe.
        modality_dropout: share of utterances that training takes one half from.

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
            sizes=sizes_of(n_mels=n_mels, vocabulary=vocabulary, text_width=text_width),
            names=(sound, text),
            options=(sound_options, text_options),
            modality_dropout=modality_dropout,
            judges=False,
        )
        # No normalisation here: it would lift a half that says little to the level of one that says much.
        self.project_sound = nn.Linear(self.sound.width, hidden)
        self.project_text = nn.Linear(self.text.width, hidden)
        self.gate = nn.Linear(2 * hidden, 2 * hidden)
        self.drop = nn.Dropout(dropout)
        self.classify = nn.Linear(hidden, n_classes)

    def forward(self, *, present: Tensor, **inputs: Tensor) -> Tensor:
        """Logits [shape=(n, classes)]; of nothing at all, what is most likely anyway.

        Args:
            present: whether there is sound, whether there is text [shape=(n, 2)].
            **inputs: what the halves take, n rows each.
        """
        heard = self.project_sound(self.sound.encode(**self.inputs_of("sound", inputs, present)))
        said = self.project_text(self.text.encode(**self.inputs_of("text", inputs, present)))
        there = self.thinned(present)[..., None]
        halves = self.drop(torch.stack([heard, said], dim=1).tanh()).masked_fill(~there, 0)  # [n, 2, hidden]
        scores = self.gate(halves.flatten(1)).view_as(halves).float()
        gates = scores.masked_fill(~there, torch.finfo(torch.float32).min).softmax(1)
        logits: Tensor = self.classify((gates * halves).sum(1))
        return logits


@register_network("fusion.late")
class LateFusion(_TwoHalves):
    """Each half judges for itself; the mean of their log-probabilities, weighted, decides.

    Args:
        n_classes: number of labels.
        n_mels: mel bands.
        vocabulary: number of tokens, for a text network of words.
        text_width: features of a text's vector, for one of vectors.
        sound: name of the network of sound.
        text: name of the network of text.
        sound_options: its own options.
        text_options: its own options.
        modality_dropout: share of utterances that training takes one half from.

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
            sizes=sizes_of(n_mels=n_mels, vocabulary=vocabulary, text_width=text_width),
            names=(sound, text),
            options=(sound_options, text_options),
            modality_dropout=modality_dropout,
            judges=True,
        )
        self.trust = nn.Parameter(torch.zeros(2))
        self.prior = nn.Parameter(torch.zeros(n_classes))

    def forward(self, *, present: Tensor, **inputs: Tensor) -> Tensor:
        """Logits [shape=(n, classes)]; of nothing at all, what is most likely anyway.

        Args:
            present: whether there is sound, whether there is text [shape=(n, 2)].
            **inputs: what the halves take, n rows each.
        """
        logits = [
            self.sound(**self.inputs_of("sound", inputs, present)),
            self.text(**self.inputs_of("text", inputs, present)),
        ]
        judged = torch.stack(logits, dim=1).float().log_softmax(2)  # [n, 2, classes]
        there = self.thinned(present).to(judged.dtype)
        weights = self.trust.float().softmax(0) * there
        weights = weights / weights.sum(1, keepdim=True).clamp(min=1e-6)
        return self.prior + (judged * weights[..., None]).sum(1)
