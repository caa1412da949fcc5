from __future__ import annotations

import numpy as np
import pytest

from serenade.audio.trim import trim_silence

RATE_HZ = 16_000


def speech_between(before_s: float, after_s: float, *, noise_dbfs: float = -80.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    voice = 0.2 * np.sin(2 * np.pi * 150 * np.arange(RATE_HZ) / RATE_HZ)
    silence = [np.zeros(round(seconds * RATE_HZ)) for seconds in (before_s, after_s)]
    sound = np.concatenate([silence[0], voice, silence[1]])
    return (sound + 10 ** (noise_dbfs / 20) * rng.normal(size=len(sound))).astype(np.float32)


@pytest.mark.parametrize(("before_s", "after_s"), [(1.0, 0.5), (0.0, 2.0), (0.7, 0.0)])
def test_the_voice_and_a_margin_are_kept(before_s: float, after_s: float):
    trimmed = trim_silence(speech_between(before_s, after_s), rate_hz=RATE_HZ)
    margins = 0.06 * ((before_s > 0) + (after_s > 0))
    assert len(trimmed) / RATE_HZ == pytest.approx(1 + margins, abs=0.05)


def test_the_result_is_a_slice_of_the_input():
    sound = speech_between(1.0, 1.0)
    trimmed = trim_silence(sound, rate_hz=RATE_HZ)
    first = next(at for at in range(len(sound)) if np.array_equal(sound[at : at + len(trimmed)], trimmed))
    assert 0.8 * RATE_HZ < first < RATE_HZ


def test_noise_louder_than_the_threshold_is_kept():
    sound = speech_between(1.0, 1.0, noise_dbfs=-45.0)
    assert len(trim_silence(sound, rate_hz=RATE_HZ)) == len(sound)
    assert len(trim_silence(sound, rate_hz=RATE_HZ, below_db=20.0)) < 1.3 * RATE_HZ


@pytest.mark.parametrize("samples", [0, 1, 300])
def test_a_sound_shorter_than_a_frame_is_unchanged(samples: int):
    assert len(trim_silence(np.ones(samples, np.float32), rate_hz=RATE_HZ)) == samples


def test_silence_is_unchanged():
    assert len(trim_silence(np.zeros(5000, np.float32), rate_hz=RATE_HZ)) == 5000
