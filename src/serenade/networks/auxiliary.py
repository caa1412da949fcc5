"""More questions to the same network while it learns; their answers are thrown away afterwards."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from serenade.networks.encoder import Encoder

UNKNOWN = -1
"""Target of an utterance to which a question has no answer."""


class Auxiliary(nn.Module):
    """A network with a linear layer beside its last one for each auxiliary question.

    What was said changes a spectrogram more than how it was said. A network that is also asked for the words
    can tell the two apart (multi-task learning; Caruana 1997, https://doi.org/10.1023/A:1007379606734).

    Args:
        network: the one that is trained.
        answers: how many answers each question has.

    >>> from serenade.networks import create_network
    >>> import torch
    >>> network = create_network("compact", n_mels=64, n_classes=6)
    >>> asked = Auxiliary(network, {"sentence": 12})
    >>> logits, others = asked(features=torch.randn(2, 64, 50), lengths=torch.tensor([50, 7]))
    >>> logits.shape, others["sentence"].shape
    (torch.Size([2, 6]), torch.Size([2, 12]))
    """

    def __init__(self, network: Encoder, answers: Mapping[str, int]) -> None:
        super().__init__()
        self.network = network
        self.heads = nn.ModuleDict({name: nn.Linear(network.width, n) for name, n in answers.items()})

    def forward(self, **inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits of the labels, and of each question [shape=(n, answers)]; for inputs see `Network`."""
        vector = self.network.drop(self.network.encode(**inputs))
        return self.network.classify(vector), {name: head(vector) for name, head in self.heads.items()}


def auxiliary_loss(others: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
    """Mean cross-entropy over the questions; what is `UNKNOWN` counts as zero.

    Args:
        others: logits of each question [shape=(n, answers)].
        targets: the answers, by number [shape=(n,)].

    >>> import torch
    >>> float(auxiliary_loss({"sex": torch.zeros(2, 4)}, {"sex": torch.tensor([3, UNKNOWN])}))
    0.6931471824645996
    """
    losses = [
        F.cross_entropy(logits.float(), targets[name], ignore_index=UNKNOWN, reduction="sum") / len(logits)
        for name, logits in others.items()
    ]
    return sum(losses[1:], losses[0]) / len(losses)
