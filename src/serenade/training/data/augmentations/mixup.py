"""Mixup (Zhang et al. 2018, https://arxiv.org/abs/1710.09412)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from serenade.networks.layers.masking import frame_mask
from serenade.training.data.augment import AUGMENTATIONS, Augmentation, Clips, Step
from serenade.training.recipe_types import Fraction, Positive

_SAME_CLIP = 0.99
"""From this weight on, the other clip is too faint to make the mixed clip longer."""


@AUGMENTATIONS.register("mixup")
@dataclass(frozen=True, kw_only=True)
class Mixup(Augmentation):
    """Mix every clip and its target with another clip of the batch.

    Attributes:
        alpha: of the Beta(alpha, alpha) distribution that the weight of a batch is drawn from.
        probability: probability that a batch is mixed.
    """

    mixes_clips: ClassVar[bool] = True

    alpha: Positive = 0.3
    probability: Fraction = 1.0

    def __call__(self, clips: Clips, step: Step) -> Clips:
        """Mix the batch, or return it unchanged; see `Augmentation`."""
        if float(step.uniform(1)) >= self.probability:
            return clips
        weight = _beta(self.alpha, step.generator)
        # The larger weight belongs to the clip itself.
        weight = max(weight, 1 - weight)
        other = torch.randperm(len(clips.lengths), generator=step.generator)
        lengths = clips.lengths
        if weight < _SAME_CLIP:
            lengths = torch.maximum(lengths, lengths[other])
        features = weight * clips.features + (1 - weight) * clips.features[other]
        return Clips(
            features=features * frame_mask(lengths, features.shape[2])[:, None],
            lengths=lengths,
            targets=weight * clips.targets + (1 - weight) * clips.targets[other],
        )


def _beta(alpha: float, generator: torch.Generator) -> float:
    """Beta(alpha, alpha) as a ratio of two Gamma variables, from the given generator."""
    shapes = torch.full((2,), alpha, dtype=torch.float64)
    first, second = torch._standard_gamma(shapes, generator=generator).tolist()
    return float(first / (first + second)) if first + second > 0 else 0.5
