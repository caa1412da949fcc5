"""Augmentations of batches of log-mels, by name, and how they are applied.

An augmentation is a frozen dataclass whose fields are its keys in a recipe. Its module registers it:

    @AUGMENTATIONS.register("time_masks")
    @dataclass(frozen=True, kw_only=True)
    class TimeMasks(Augmentation):
        ...
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from serenade.errors import RecipeError
from serenade.networks.registry import SOUND
from serenade.registry import Registry
from serenade.training.data.batches import Batch


@dataclass(frozen=True, kw_only=True)
class Clips:
    """Normalised log-mels with their targets.

    Attributes:
        features: zero on padding [shape=(batch, mels, frames)].
        lengths: valid frames [shape=(batch,)].
        targets: class probabilities [shape=(batch, classes)].
    """

    features: Tensor
    lengths: Tensor
    targets: Tensor


@dataclass(frozen=True, kw_only=True)
class Step:
    """The training step that an augmentation is applied in.

    Attributes:
        frames_per_s: frames of a second.
        progress: fraction of the training that is done.
        generator: source of all random numbers.
    """

    frames_per_s: float
    progress: float
    generator: torch.Generator

    def uniform(self, count: int) -> Tensor:
        """Random numbers between 0 and 1 [shape=(count,)]."""
        return torch.rand(count, generator=self.generator)

    def symmetric(self, count: int) -> Tensor:
        """Random numbers between -1 and 1 [shape=(count,)]."""
        return 2 * self.uniform(count) - 1


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What every registered augmentation provides.

    Attributes:
        mixes_clips: whether clips and their targets are mixed, which is only possible for a network that
            takes nothing but sound.
    """

    mixes_clips: ClassVar[bool] = False

    def __call__(self, clips: Clips, step: Step) -> Clips:
        """Return changed clips; the number of frames may differ, and padding must be zero."""
        raise NotImplementedError


AUGMENTATIONS: Registry[type[Augmentation]] = Registry(
    "augmentation", packages=("serenade.training.data.augmentations",), error=RecipeError
)
"""Augmentations by name: the sections of `[augment]` in a recipe."""


def augmented(batch: Batch, augmentations: Mapping[str, Augmentation], step: Step) -> Batch:
    """Apply augmentations to a batch, in the order of the mapping.

    Raises:
        RecipeError: the network of this batch takes no sound, or takes more than sound and an augmentation
            mixes clips.
    """
    if not augmentations:
        return batch
    if not batch.inputs.keys() >= SOUND:
        raise RecipeError(
            f"augment.{next(iter(augmentations))} changes log-mels, and this network takes none; remove "
            "[augment]"
        )
    mixing = [name for name, augmentation in augmentations.items() if augmentation.mixes_clips]
    if mixing and batch.inputs.keys() != SOUND:
        others = ", ".join(sorted(batch.inputs.keys() - SOUND))
        raise RecipeError(
            f"augment.{mixing[0]} mixes clips, which is not possible for a network that also takes {others}; "
            "remove it"
        )
    clips = apply(
        Clips(features=batch.inputs["features"], lengths=batch.inputs["lengths"], targets=batch.targets),
        augmentations.values(),
        step,
    )
    inputs = {**batch.inputs, "features": clips.features, "lengths": clips.lengths}
    return replace(batch, inputs=inputs, targets=clips.targets)


def apply(clips: Clips, augmentations: Iterable[Augmentation], step: Step) -> Clips:
    """Apply augmentations one after another."""
    for augmentation in augmentations:
        clips = augmentation(clips, step)
    return clips
