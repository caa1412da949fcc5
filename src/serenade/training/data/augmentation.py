"""Changes on the fly, on a padded batch of normalised log-mels.

Tempo, vocal tract length and pitch are one resampling of the picture (a grid in mel and time), so together
they cost what one of them does.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from serenade.networks.layers.masking import frame_mask
from serenade.training.recipe import Augment


def augment(
    features: Tensor,
    lengths: Tensor,
    recipe: Augment,
    *,
    frames_per_s: float,
    progress: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Change a batch as the recipe says.

    Args:
        features: normalised, zero on padding [shape=(batch, mels, frames)].
        lengths: valid frames [shape=(batch,)].
        recipe: what is changed, and how far.
        frames_per_s: frames of a second.
        progress: share of the training that is done, 0 to 1.
        generator: where all chance comes from.

    Returns:
        The changed batch (its number of frames may differ) and its lengths.
    """
    crop = recipe.crop_s * frames_per_s if progress < recipe.crop_share else 0
    if recipe.speed or recipe.stretch or recipe.shift_mels or crop:
        features, lengths = _resampled(features, lengths, recipe, round(crop), generator)
    if recipe.tilt:
        knots = recipe.tilt * torch.randn(features.shape[0], 1, 6, generator=generator)
        curve = F.interpolate(knots, features.shape[1], mode="linear", align_corners=True)
        features = features + curve.transpose(1, 2)
    bands = torch.full_like(lengths, features.shape[1])
    for _ in range(recipe.frequency_masks):
        band = _interval(bands, recipe.frequency_mask_mels, features.shape[1], generator)
        features = features.masked_fill(band[:, :, None], 0)
    for _ in range(recipe.time_masks):
        span = _interval(lengths, recipe.time_mask_s * frames_per_s, features.shape[2], generator)
        features = features.masked_fill(span[:, None], 0)
    return features * frame_mask(lengths, features.shape[2])[:, None], lengths


def mixup(
    features: Tensor, lengths: Tensor, targets: Tensor, recipe: Augment, *, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Mix every clip with another one of its batch, the larger share first (Zhang et al. 2018).

    Args:
        features: [shape=(batch, mels, frames)].
        lengths: [shape=(batch,)].
        targets: class probabilities [shape=(batch, classes)].
        recipe: `mixup` and `mixup_share`.
        generator: where all chance comes from.
    """
    if not recipe.mixup or float(_uniform(1, generator)) >= recipe.mixup_share:
        return features, lengths, targets
    share = _beta(recipe.mixup, generator)
    share = max(share, 1 - share)
    other = torch.randperm(features.shape[0], generator=generator)
    features = share * features + (1 - share) * features[other]
    if share < 0.99:
        lengths = torch.maximum(lengths, lengths[other])
    return features, lengths, share * targets + (1 - share) * targets[other]


def _resampled(
    features: Tensor, lengths: Tensor, recipe: Augment, crop: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Read each picture at another tempo, along another mel axis and from another start, bilinearly."""
    batch, mels, frames = features.shape
    speed = torch.exp(recipe.speed * _symmetric(batch, generator))
    stretch = torch.exp(recipe.stretch * _symmetric(batch, generator))
    shift = recipe.shift_mels * _symmetric(batch, generator)
    changed = (lengths / speed).ceil().long().clamp(min=1)
    if crop:
        changed = changed.clamp(max=crop)
    start = _uniform(batch, generator) * (lengths - changed * speed).clamp(min=0)
    steps = torch.arange(int(changed.max()))
    time = torch.minimum(start[:, None] + steps[None] * speed[:, None], (lengths - 1)[:, None].float())
    mel = (torch.arange(mels)[None] - mels / 2) * stretch[:, None] + mels / 2 + shift[:, None]
    grid = torch.stack(
        [
            (2 * time / max(frames - 1, 1) - 1)[:, None].expand(batch, mels, len(steps)),
            (2 * mel / (mels - 1) - 1)[:, :, None].expand(batch, mels, len(steps)),
        ],
        dim=-1,
    )
    sampled = F.grid_sample(features[:, None], grid, padding_mode="border", align_corners=True)
    return sampled[:, 0], changed


def _interval(room: Tensor, widest: float, size: int, generator: torch.Generator) -> Tensor:
    """One random interval in each row, True inside [shape=(batch, size)]."""
    width = torch.minimum(widest * _uniform(len(room), generator), room.float())
    first = (room - width) * _uniform(len(room), generator)
    place = torch.arange(size)[None]
    return (place >= first[:, None]) & (place < (first + width)[:, None])


def _uniform(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator)


def _symmetric(count: int, generator: torch.Generator) -> Tensor:
    """Uniform between -1 and 1."""
    return 2 * _uniform(count, generator) - 1


def _beta(alpha: float, generator: torch.Generator) -> float:
    """Beta(alpha, alpha) as a ratio of two Gamma variables, from the generator given."""
    shapes = torch.full((2,), alpha, dtype=torch.float64)
    first, second = torch._standard_gamma(shapes, generator=generator).tolist()
    return float(first / (first + second)) if first + second > 0 else 0.5
