"""Small corpora of made sound: a voice-like tone a clip, in files named as CREMA-D names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

EMOTIONS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")


@pytest.fixture
def make_clips() -> Callable[..., Path]:
    """`make_clips(folder, count)` writes count wavs, half a second each; returns the folder."""

    def make(folder: Path, count: int = 6, *, rate_hz: int = 16_000, duration_s: float = 0.5) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        time_s = np.arange(int(duration_s * rate_hz)) / rate_hz
        for number in range(count):
            rng = np.random.default_rng(number)
            tone = 0.3 * np.sin(2 * np.pi * (120 + 20 * number) * time_s)
            tone += 0.01 * rng.normal(size=len(time_s))
            name = f"{1001 + number // 6}_DFA_{EMOTIONS[number % 6]}_XX.wav"
            soundfile.write(folder / name, tone, rate_hz)
        return folder

    return make
