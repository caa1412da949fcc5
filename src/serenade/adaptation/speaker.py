"""A speaker of whom some clips are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from serenade.adaptation.mixture import Floats, log_densities, softmax
from serenade.errors import ModelError


@dataclass(frozen=True, kw_only=True, eq=False)
class Speaker:
    """What `serenade.adaptation.Adaptation.enrol` found, for K classes.

    Attributes:
        clips: number of clips.
        trust: weight of the offset, 0 to 1; 0 if nothing is corrected.
        weight: weight of the posterior under `means`, 0 to `trust`.
        offset: of the speaker's logits [shape=(K,)].
        means: mean of each class, without the offset [shape=(K, K)].
        precision: inverse of the covariance within a class [shape=(K, K)].
        temperature: divides the logits before the softmax.
        posterior_temperature: divides the log densities.
    """

    clips: int
    trust: float
    weight: float
    offset: Floats
    means: Floats
    precision: Floats
    temperature: float
    posterior_temperature: float

    def probabilities(self, logits: ArrayLike) -> Floats:
        """Corrected probabilities of clips of this speaker.

        They are (1 - w) softmax((z - offset) / temperature) + w posterior(z), where w is `weight` and the
        posterior is that of equally frequent Gaussian classes, at its temperature.

        Args:
            logits: of any clips of the speaker [shape=(n, K)].

        Returns:
            [shape=(n, K)]; `softmax(logits / temperature)` if `trust` is 0.

        Raises:
            ModelError: another shape, or values that are not finite.
        """
        z = centred(logits, classes=len(self.offset)) - self.offset
        plain = softmax(z / self.temperature)
        if not self.weight:
            return plain
        posterior = softmax(self.densities(logits) / self.posterior_temperature)
        mixed: Floats = (1 - self.weight) * plain + self.weight * posterior
        return mixed

    def densities(self, logits: ArrayLike) -> Floats:
        """Log densities of clips of this speaker under each class, less a constant [shape=(n, K)]."""
        z = centred(logits, classes=len(self.offset)) - self.offset
        return log_densities(z, self.means, self.precision)


def centred(logits: ArrayLike, *, classes: int) -> Floats:
    """Logits less their mean over the classes [shape=(n, classes)].

    Raises:
        ModelError: another shape, or values that are not finite.
    """
    z = np.asarray(logits, dtype=np.float64)
    if z.ndim != 2 or z.shape[1] != classes or not np.isfinite(z).all():
        raise ModelError(f"adaptation takes finite logits of the shape (clips, {classes}), not {z.shape}")
    result: Floats = z - z.mean(1, keepdims=True)
    return result
