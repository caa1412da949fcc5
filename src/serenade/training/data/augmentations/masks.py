"""Random masks over bands and frames (SpecAugment; Park et al. 2019, https://arxiv.org/abs/1904.08779)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from serenade.training.data.augment import AUGMENTATIONS, Augmentation, Clips, Step
from serenade.training.recipe_types import Count, NonNegative


@AUGMENTATIONS.register("frequency_masks")
@dataclass(frozen=True, kw_only=True)
class FrequencyMasks(Augmentation):
    """Set random bands of neighbouring mel bands to the mean (SpecAugment).

    Attributes:
        count: number of masks.
        max_width_mels: greatest width of a mask, in mel bands; the width is uniform from 0 to this.
    """

    count: Count = 1
    max_width_mels: NonNegative = 16.0

    def __call__(self, clips: Clips, step: Step) -> Clips:
        """Mask bands of every clip; see `Augmentation`."""
        features = clips.features
        mels = torch.full_like(clips.lengths, features.shape[1])
        for _ in range(self.count):
            band = random_interval(mels, self.max_width_mels, features.shape[1], step)
            features = features.masked_fill(band[:, :, None], 0)
        return replace(clips, features=features)


@AUGMENTATIONS.register("time_masks")
@dataclass(frozen=True, kw_only=True)
class TimeMasks(Augmentation):
    """Set random spans of frames to the mean (SpecAugment).

    Attributes:
        count: number of masks.
        max_width_s: greatest width of a mask, in seconds; the width is uniform from 0 to this.
    """

    count: Count = 1
    max_width_s: NonNegative = 0.25

    def __call__(self, clips: Clips, step: Step) -> Clips:
        """Mask frames of every clip; see `Augmentation`."""
        features = clips.features
        for _ in range(self.count):
            width = self.max_width_s * step.frames_per_s
            span = random_interval(clips.lengths, width, features.shape[2], step)
            features = features.masked_fill(span[:, None], 0)
        return replace(clips, features=features)


def random_interval(lengths: Tensor, max_width: float, size: int, step: Step) -> Tensor:
    """One random interval in each row, within its length; True inside [shape=(batch, size)]."""
    width = torch.minimum(max_width * step.uniform(len(lengths)), lengths.float())
    first = (lengths - width) * step.uniform(len(lengths))
    position = torch.arange(size)[None]
    return (position >= first[:, None]) & (position < (first + width)[:, None])
