"""Synthetic voices as clips of a split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE_HZ = 16_000


@pytest.fixture
def clip(tmp_path: Path, toy) -> Callable[..., Path]:
    """`clip("train/a.wav", seed=1, seconds=2.0)` writes a voice, or given samples, and returns its path."""

    def write(
        name: str, *, seed: int = 0, seconds: float = 2.0, samples=None, rate_hz: int = RATE_HZ, **how
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if samples is None:
            samples = (speech(seed, seconds) * 32_767).astype(np.int16)
        soundfile.write(path, samples, rate_hz, **how)
        return path

    return write


def speech(seed: int, seconds: float) -> np.ndarray:
    """A sound with changing harmonics, different for each seed."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE_HZ)
    steps = np.linspace(0, n, int(8 * seconds) + 2)
    pitch_hz = np.interp(np.arange(n), steps, rng.uniform(90, 300, len(steps)))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    sound = np.zeros(n)
    for harmonic in range(1, 16):
        gains = np.interp(np.arange(n), steps, rng.uniform(0, 1, len(steps)) ** 3)
        sound += gains * np.sin(harmonic * phase)
    return (0.3 * sound / np.abs(sound).max() + 0.001 * rng.normal(size=n)).astype(np.float32)


@pytest.fixture
def speech_of() -> Callable[[int, float], np.ndarray]:
    """The function that makes such sounds."""
    return speech
