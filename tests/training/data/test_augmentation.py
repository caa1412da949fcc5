from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.networks.layers.masking import frame_mask
from serenade.training.data.augmentation import augment, mixup
from serenade.training.recipe import Augment

ALL = Augment(
    speed=0.3,
    stretch=0.2,
    shift_mels=3.0,
    crop_s=0.15,
    frequency_masks=2,
    frequency_mask_mels=5.0,
    time_masks=2,
    time_mask_s=0.1,
    tilt=0.5,
    mixup=0.5,
)
FRAMES_PER_S = 100.0


def made(
    batch: int = 4, mels: int = 16, frames: int = 30, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, frames + 1, (batch,), generator=chance)
    lengths[0] = frames
    features = torch.randn(batch, mels, frames, generator=chance)
    return features * frame_mask(lengths, frames)[:, None], lengths


def changed(
    recipe: Augment, *, seed: int = 0, progress: float = 0.0, **how
) -> tuple[torch.Tensor, torch.Tensor]:
    features, lengths = made(**how)
    chance = torch.Generator().manual_seed(seed)
    return augment(features, lengths, recipe, frames_per_s=FRAMES_PER_S, progress=progress, generator=chance)


def test_nothing_asked_nothing_changed() -> None:
    features, lengths = made()
    after = changed(Augment())
    torch.testing.assert_close(after[0], features, rtol=0, atol=0)
    assert torch.equal(after[1], lengths)


@pytest.mark.parametrize(
    "recipe",
    [Augment(speed=1e-9), Augment(stretch=1e-9), Augment(shift_mels=1e-9), Augment(crop_s=9.0)],
)
def test_next_to_nothing_changes_next_to_nothing(recipe: Augment) -> None:
    features, lengths = made()
    after = changed(recipe)
    assert torch.equal(after[1], lengths)
    torch.testing.assert_close(after[0], features, rtol=0, atol=1e-4)


def test_all_chance_is_the_generators() -> None:
    torch.manual_seed(1)
    one = changed(ALL)
    torch.manual_seed(2)
    same, other = changed(ALL), changed(ALL, seed=1)
    assert torch.equal(one[0], same[0])
    assert torch.equal(one[1], same[1])
    assert one[0].shape != other[0].shape or not torch.equal(one[0], other[0])


@settings(max_examples=40, deadline=None)
@given(
    batch=st.integers(1, 5),
    mels=st.integers(2, 24),
    frames=st.integers(1, 40),
    seed=st.integers(0, 999),
    progress=st.floats(0, 1),
)
def test_what_comes_out_is_a_batch(batch: int, mels: int, frames: int, seed: int, progress: float) -> None:
    features, lengths = changed(ALL, batch=batch, mels=mels, frames=frames, seed=seed, progress=progress)
    assert features.shape[:2] == (batch, mels)
    assert int(lengths.min()) >= 1
    assert int(lengths.max()) == features.shape[2]
    assert lengths.dtype == torch.int64
    assert torch.isfinite(features).all()
    padding = ~frame_mask(lengths, features.shape[2])[:, None].expand_as(features)
    assert not features[padding].any()


def test_padding_has_no_say() -> None:
    features, lengths = made(frames=20)
    wider = torch.nn.functional.pad(features, (0, 7))
    after = [
        augment(
            picture,
            lengths,
            Augment(speed=0.3, stretch=0.2, shift_mels=3.0),
            frames_per_s=FRAMES_PER_S,
            progress=0,
            generator=torch.Generator().manual_seed(0),
        )
        for picture in (features, wider)
    ]
    torch.testing.assert_close(after[0][0], after[1][0], rtol=0, atol=1e-4)


def test_speed_changes_the_length_within_its_range() -> None:
    features, lengths = made(batch=64, frames=200)
    chance = torch.Generator().manual_seed(0)
    after = augment(features, lengths, Augment(speed=0.2), frames_per_s=1.0, progress=0, generator=chance)[1]
    ratio = after / lengths
    assert ratio[lengths > 20].min() >= 0.81
    assert ratio[lengths > 20].max() <= 1.28
    assert ratio.std() > 0.05


def test_a_crop_is_short_and_ends_with_its_share_of_training() -> None:
    recipe = Augment(crop_s=0.1, crop_share=0.5)
    assert int(changed(recipe, progress=0.4)[1].max()) == 10
    assert int(changed(recipe, progress=0.6)[1].max()) == 30


def test_masks_stay_within_their_width() -> None:
    ones, lengths = torch.ones(200, 20, 50), torch.full((200,), 50)
    for recipe, axis, widest in (
        (Augment(frequency_masks=1, frequency_mask_mels=6.0), 2, 6),
        (Augment(time_masks=1, time_mask_s=0.1), 1, 10),
    ):
        chance = torch.Generator().manual_seed(0)
        after = augment(ones, lengths, recipe, frames_per_s=100.0, progress=0, generator=chance)[0]
        masked = (after == 0).all(axis).sum(1)
        assert int(masked.max()) in (widest, widest + 1)
        assert masked.float().mean() == pytest.approx(widest / 2, rel=0.25)
        # One span a clip: its edges are crossed at most twice.
        edges = (after == 0).all(axis).int().diff(dim=1).abs().sum(1)
        assert int(edges.max()) <= 2


def test_mixup_mixes_sound_and_target_alike() -> None:
    features = torch.arange(4.0)[:, None, None].expand(4, 2, 3).clone()
    lengths, targets = torch.tensor([3, 3, 3, 3]), torch.eye(4)
    chance = torch.Generator().manual_seed(0)
    mixed, _, soft = mixup(features, lengths, targets, Augment(mixup=5.0), generator=chance)
    torch.testing.assert_close(mixed[:, 0, 0], soft @ torch.arange(4.0))
    torch.testing.assert_close(soft.sum(1), torch.ones(4))
    assert (soft.diagonal() >= 0.5).all()
    assert (soft.max(1).values < 1).any()


def test_mixup_takes_the_longer_length_and_its_share_of_batches() -> None:
    features, lengths = made(batch=6)
    targets = torch.eye(6)
    recipe, chance = Augment(mixup=1.0, mixup_share=0.5), torch.Generator().manual_seed(0)
    after = [mixup(features, lengths, targets, recipe, generator=chance) for _ in range(200)]
    mixed = sum(not torch.equal(soft, targets) for _, _, soft in after)
    assert 70 < mixed < 130
    assert all((longer >= lengths).all() for _, longer, _ in after)
    untouched = mixup(features, lengths, targets, Augment(), generator=chance)
    assert untouched[0] is features
