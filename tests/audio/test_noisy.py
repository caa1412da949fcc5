"""Noisy copies: length, reproducibility, and levels of noise."""

from __future__ import annotations

import numpy as np
import pytest

from serenade.audio.noisy import noisy_copy

RATE_HZ = 16_000
TONE = np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32) * np.float32(0.3)


@pytest.mark.parametrize("seed", range(24))
def test_length_dtype_and_the_same_copy_from_the_same_seed(seed: int) -> None:
    first, second = (noisy_copy(TONE, rate_hz=RATE_HZ, rng=np.random.default_rng(seed)) for _ in range(2))
    assert first.dtype == np.float32
    assert first.shape == TONE.shape
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - TONE).max() > 0.01


def test_copies_of_different_seeds_differ_much_in_noise() -> None:
    copies = [noisy_copy(TONE, rate_hz=RATE_HZ, rng=np.random.default_rng(seed)) for seed in range(60)]
    spectra = [np.abs(np.fft.rfft(copy)) ** 2 for copy in copies]
    # Power outside 1 Hz around the tone, which has 440 periods: noise and reverberation.
    others_db = [
        10 * np.log10((power.sum() - power[439:442].sum()) / power[439:442].sum()) for power in spectra
    ]
    assert np.ptp(others_db) > 15


@pytest.mark.parametrize("n", [0, 1, 7])
def test_short_and_silent_clips_stay_as_long(n: int) -> None:
    for seed in range(12):
        loud = noisy_copy(np.ones(n, np.float32), rate_hz=RATE_HZ, rng=np.random.default_rng(seed))
        assert loud.shape == (n,)
        silent = noisy_copy(np.zeros(n, np.float32), rate_hz=RATE_HZ, rng=np.random.default_rng(seed))
        np.testing.assert_array_equal(silent, np.zeros(n))


def test_voices_are_used_in_a_third_of_the_copies_and_only_then_loaded() -> None:
    voice = np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    calls = []

    def voices() -> list[np.ndarray]:
        calls.append(None)
        return [voice]

    near_voice = 0
    for seed in range(60):
        copy = noisy_copy(TONE, rate_hz=RATE_HZ, rng=np.random.default_rng(seed), voices=voices)
        power = np.abs(np.fft.rfft(copy - TONE)) ** 2
        near_voice += power[750:1300].sum() > 20 * (
            power.sum() - power[750:1300].sum() - power[400:480].sum()
        )
    assert 10 <= len(calls) <= 30
    assert 5 <= near_voice <= len(calls)
