from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from serenade.errors import RecipeError
from serenade.networks.layers.masking import frame_mask
from serenade.training.data.augment import AUGMENTATIONS, Augmentation, Clips, Step, apply, augmented
from serenade.training.data.augmentations.masks import FrequencyMasks, TimeMasks
from serenade.training.data.augmentations.mixup import Mixup
from serenade.training.data.augmentations.resample import Resample
from serenade.training.data.batches import Batch

STRONG = [
    Resample(speed=0.3, mel_stretch=0.2, mel_shift=3.0, crop_s=0.15),
    FrequencyMasks(count=2, max_width_mels=5.0),
    TimeMasks(count=2, max_width_s=0.1),
    Mixup(alpha=0.5),
]


def made(batch: int = 4, mels: int = 16, frames: int = 30, seed: int = 0) -> Clips:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, frames + 1, (batch,), generator=generator)
    lengths[0] = frames
    features = torch.randn(batch, mels, frames, generator=generator)
    return Clips(
        features=features * frame_mask(lengths, frames)[:, None], lengths=lengths, targets=torch.eye(batch)
    )


def ones(batch: int, mels: int, frames: int) -> Clips:
    return Clips(
        features=torch.ones(batch, mels, frames),
        lengths=torch.full((batch,), frames),
        targets=torch.eye(batch),
    )


def step(*, seed: int = 0, progress: float = 0.0, frames_per_s: float = 100.0) -> Step:
    return Step(frames_per_s=frames_per_s, progress=progress, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=list(AUGMENTATIONS))
def augmentation(request: pytest.FixtureRequest) -> Augmentation:
    """Every registered augmentation, with its defaults."""
    return AUGMENTATIONS[request.param]()


def test_padding_stays_zero(augmentation: Augmentation) -> None:
    clips = augmentation(made(), step())
    assert int(clips.lengths.min()) >= 1
    assert int(clips.lengths.max()) <= clips.features.shape[2]
    padding = ~frame_mask(clips.lengths, clips.features.shape[2])[:, None].expand_as(clips.features)
    assert not clips.features[padding].any()


def test_the_generator_is_the_only_source_of_random_numbers(augmentation: Augmentation) -> None:
    torch.manual_seed(1)
    first = augmentation(made(), step())
    torch.manual_seed(2)
    second = augmentation(made(), step())
    assert torch.equal(first.features, second.features)
    assert torch.equal(first.targets, second.targets)


def test_targets_stay_probabilities(augmentation: Augmentation) -> None:
    targets = augmentation(made(), step()).targets
    torch.testing.assert_close(targets.sum(1), torch.ones(4))
    if not augmentation.mixes_clips:
        assert torch.equal(targets, torch.eye(4))


@settings(max_examples=40, deadline=None)
@given(
    batch=st.integers(1, 5),
    mels=st.integers(2, 24),
    frames=st.integers(1, 40),
    seed=st.integers(0, 999),
    progress=st.floats(0, 1),
)
def test_all_together_give_a_batch(batch: int, mels: int, frames: int, seed: int, progress: float) -> None:
    clips = apply(made(batch, mels, frames, seed), STRONG, step(seed=seed, progress=progress))
    assert clips.features.shape[:2] == (batch, mels)
    assert int(clips.lengths.min()) >= 1
    assert int(clips.lengths.max()) == clips.features.shape[2]
    assert clips.lengths.dtype == torch.int64
    assert torch.isfinite(clips.features).all()
    padding = ~frame_mask(clips.lengths, clips.features.shape[2])[:, None].expand_as(clips.features)
    assert not clips.features[padding].any()


@pytest.mark.parametrize(
    "resample",
    [Resample(speed=1e-9), Resample(mel_stretch=1e-9), Resample(mel_shift=1e-9), Resample(crop_s=9.0)],
)
def test_a_tiny_change_changes_almost_nothing(resample: Resample) -> None:
    before = made()
    after = resample(before, step())
    assert torch.equal(after.lengths, before.lengths)
    torch.testing.assert_close(after.features, before.features, rtol=0, atol=1e-4)


def test_padding_does_not_change_what_is_resampled() -> None:
    clips = made(frames=20)
    wider = Clips(
        features=torch.nn.functional.pad(clips.features, (0, 7)), lengths=clips.lengths, targets=clips.targets
    )
    first, second = (STRONG[0](one, step()) for one in (clips, wider))
    torch.testing.assert_close(first.features, second.features, rtol=0, atol=1e-4)


def test_speed_changes_the_length_within_its_range() -> None:
    before = made(batch=64, frames=200)
    after = Resample(speed=0.2)(before, step(frames_per_s=1.0))
    ratio = after.lengths / before.lengths
    assert ratio[before.lengths > 20].min() >= 0.81
    assert ratio[before.lengths > 20].max() <= 1.28
    assert ratio.std() > 0.05


def test_a_crop_ends_with_its_fraction_of_the_training() -> None:
    crop = Resample(crop_s=0.1, crop_until=0.5)
    assert int(crop(made(), step(progress=0.4)).lengths.max()) == 10
    assert int(crop(made(), step(progress=0.6)).lengths.max()) == 30


def test_masks_are_single_spans_within_their_width() -> None:
    for masks, axis, widest in (
        (FrequencyMasks(count=1, max_width_mels=6.0), 2, 6),
        (TimeMasks(count=1, max_width_s=0.1), 1, 10),
    ):
        after = masks(ones(200, 20, 50), step()).features
        masked = (after == 0).all(axis).sum(1)
        assert int(masked.max()) in (widest, widest + 1)
        assert masked.float().mean() == pytest.approx(widest / 2, rel=0.25)
        edges = (after == 0).all(axis).int().diff(dim=1).abs().sum(1)
        assert int(edges.max()) <= 2


def test_mixup_mixes_features_and_targets_alike() -> None:
    features = torch.arange(4.0)[:, None, None].expand(4, 2, 3).clone()
    clips = Clips(features=features, lengths=torch.full((4,), 3), targets=torch.eye(4))
    mixed = Mixup(alpha=5.0)(clips, step())
    torch.testing.assert_close(mixed.features[:, 0, 0], mixed.targets @ torch.arange(4.0))
    assert (mixed.targets.diagonal() >= 0.5).all()
    assert (mixed.targets.max(1).values < 1).any()


def test_mixup_mixes_a_fraction_of_the_batches_and_keeps_the_longer_length() -> None:
    clips, one_step = made(batch=6), step()
    after = [Mixup(alpha=1.0, probability=0.5)(clips, one_step) for _ in range(200)]
    mixed = sum(not torch.equal(one.targets, clips.targets) for one in after)
    assert 70 < mixed < 130
    assert all((one.lengths >= clips.lengths).all() for one in after)


def batch_of(**inputs: Tensor) -> Batch:
    return Batch(inputs=inputs, targets=torch.eye(4), rows=np.arange(4))


def test_other_inputs_pass_through() -> None:
    clips = made()
    present = torch.ones(4, 2, dtype=torch.bool)
    batch = batch_of(features=clips.features, lengths=clips.lengths, present=present)
    after = augmented(batch, {"time_masks": TimeMasks()}, step())
    assert after.inputs["present"] is present
    assert not torch.equal(after.inputs["features"], clips.features)
    assert augmented(batch, {}, step()) is batch


def test_what_cannot_be_augmented_is_refused() -> None:
    clips = made()
    tokens = batch_of(tokens=torch.ones(4, 2, dtype=torch.int64))
    with pytest.raises(
        RecipeError, match=r"augment\.time_masks changes log-mels, and this network takes none"
    ):
        augmented(tokens, {"time_masks": TimeMasks()}, step())
    both = batch_of(
        features=clips.features, lengths=clips.lengths, present=torch.ones(4, 2, dtype=torch.bool)
    )
    with pytest.raises(RecipeError, match=r"augment\.mixup mixes clips.* also takes present"):
        augmented(both, {"mixup": Mixup()}, step())
