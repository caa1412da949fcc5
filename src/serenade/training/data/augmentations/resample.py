"""Speed, vocal tract length, pitch and crop as one resampling of the log-mel.

A log-mel is read as an image on a grid in mel and time, so that together these changes cost what one of them
costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from serenade.networks.layers.masking import frame_mask
from serenade.training.data.augment import AUGMENTATIONS, Augmentation, Clips, Step
from serenade.training.recipe_types import Fraction, NonNegative


@AUGMENTATIONS.register("resample")
@dataclass(frozen=True, kw_only=True)
class Resample(Augmentation):
    """Change speed, vocal tract length and pitch of every clip, and crop it.

    Attributes:
        speed: range of the speed, log-uniform: 0.15 plays at exp(-0.15) to exp(0.15) times the speed.
        mel_stretch: the same range for a stretch of the mel axis (vocal tract length perturbation; Jaitly and
            Hinton 2013).
        mel_shift: greatest shift along the mel axis, in mel bands, up or down.
        crop_s: longest clip in seconds; a longer one is cropped at a random place. 0 crops nothing.
        crop_until: fraction of the training after which clips are no longer cropped.
    """

    speed: NonNegative = 0.0
    mel_stretch: NonNegative = 0.0
    mel_shift: NonNegative = 0.0
    crop_s: NonNegative = 0.0
    crop_until: Fraction = 1.0

    def __call__(self, clips: Clips, step: Step) -> Clips:
        """Resample every clip, bilinearly; see `Augmentation`."""
        max_frames = round(self.crop_s * step.frames_per_s) if step.progress < self.crop_until else 0
        if not (self.speed or self.mel_stretch or self.mel_shift or max_frames):
            return clips
        features, lengths = clips.features, clips.lengths
        batch, mels, frames = features.shape
        speed = torch.exp(self.speed * step.symmetric(batch))
        stretch = torch.exp(self.mel_stretch * step.symmetric(batch))
        shift = self.mel_shift * step.symmetric(batch)
        new_lengths = (lengths / speed).ceil().long().clamp(min=1)
        if max_frames:
            new_lengths = new_lengths.clamp(max=max_frames)
        start = step.uniform(batch) * (lengths - new_lengths * speed).clamp(min=0)
        steps = torch.arange(int(new_lengths.max()))
        time = torch.minimum(start[:, None] + steps[None] * speed[:, None], (lengths - 1)[:, None].float())
        mel = (torch.arange(mels)[None] - mels / 2) * stretch[:, None] + mels / 2 + shift[:, None]
        grid = torch.stack(
            [
                (2 * time / max(frames - 1, 1) - 1)[:, None].expand(batch, mels, len(steps)),
                (2 * mel / (mels - 1) - 1)[:, :, None].expand(batch, mels, len(steps)),
            ],
            dim=-1,
        )
        sampled = F.grid_sample(features[:, None], grid, padding_mode="border", align_corners=True)[:, 0]
        inside = frame_mask(new_lengths, len(steps))[:, None]
        return replace(clips, features=sampled * inside, lengths=new_lengths)
