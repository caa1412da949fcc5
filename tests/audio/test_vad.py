import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.decode import decode
from serenade.audio.effects import pink_noise, white_noise
from serenade.audio.level import is_clipped, is_silent, level_dbfs
from serenade.audio.vad import speech_ratio, speech_segments

RATE_HZ = 16_000
T = np.arange(3 * RATE_HZ) / RATE_HZ
RNG = np.random.default_rng(0)


def buzz(hz):
    return sum(np.sin(2 * np.pi * hz * k * T) / k for k in range(1, 9))


NOT_SPEECH = {
    "silence": np.zeros(len(T)),
    "white": RNG.standard_normal(len(T)),
    "pulsing white": RNG.standard_normal(len(T)) * (1 + np.sin(2 * np.pi * 4 * T)),
    "hum 50 Hz": buzz(50),
    "hum 120 Hz": buzz(120) + 0.01 * RNG.standard_normal(len(T)),
    "tone": np.sin(2 * np.pi * 440 * T),
    "clicks": (np.arange(len(T)) % 8000 == 0).astype(float),
    "pink": pink_noise(np.sin(T).astype(np.float32), rate_hz=RATE_HZ, rng=RNG, snr_db=-60) / 300,
}


@pytest.mark.parametrize("gain_db", [0, -40])
@pytest.mark.parametrize("name", NOT_SPEECH)
def test_what_is_not_speech(name, gain_db):
    samples = (0.1 * 10 ** (gain_db / 20) * NOT_SPEECH[name]).astype(np.float32)
    assert speech_ratio(samples, rate_hz=RATE_HZ) == 0


def test_speech_is_found_clean_faint_and_in_noise(shared):
    files = sorted((shared / "ravdess").glob("*/*.flac"))[::100] + sorted((shared / "emodb").glob("*"))[::60]
    missed = missed_faint = missed_noisy = 0
    for file in files:
        samples = decode(file, rate_hz=RATE_HZ).samples
        missed += not speech_segments(samples, rate_hz=RATE_HZ)
        faint = samples * np.float32(10 ** ((-64 - level_dbfs(samples)) / 20))
        missed_faint += not speech_segments(faint, rate_hz=RATE_HZ)
        noisy = white_noise(samples, rate_hz=RATE_HZ, rng=np.random.default_rng(0), snr_db=10)
        missed_noisy += not speech_segments(noisy, rate_hz=RATE_HZ)
    assert missed == missed_faint == 0
    assert missed_noisy <= len(files) // 10


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(0, 30_000),
    rate_hz=st.sampled_from([8000, 16_000, 44_100]),
    kind=st.sampled_from(["zeros", "ones", "noise", "tiny"]),
)
def test_any_clip_has_a_ratio_and_ordered_segments(n, rate_hz, kind):
    samples = {
        "zeros": np.zeros(n),
        "ones": np.ones(n),
        "noise": np.random.default_rng(n).standard_normal(n),
        "tiny": np.full(n, 1e-30),
    }[kind].astype(np.float32)
    assert 0 <= speech_ratio(samples, rate_hz=rate_hz) <= 1
    times = [time for segment in speech_segments(samples, rate_hz=rate_hz) for time in segment]
    assert times == sorted(times)
    assert all(0 <= time <= n / rate_hz for time in times)
    assert -120 <= level_dbfs(samples) < 30
    assert is_silent(samples) or kind == "noise"


def test_level_of_a_full_sine_and_of_a_bias():
    assert level_dbfs(np.sin(2 * np.pi * 100 * T).astype(np.float32)) == pytest.approx(-3.01, abs=0.01)
    assert level_dbfs(np.full(100, 0.5, dtype=np.float32)) == -120


@pytest.mark.parametrize("hz", [60, 200, 1000])
def test_clipping_is_seen_and_a_full_sine_is_not(hz):
    sine = np.sin(2 * np.pi * hz * T + 0.1).astype(np.float32)
    assert is_clipped(np.clip(1.5 * sine, -1, 1))
    assert not is_clipped(0.5 * sine + np.float32(1e-3) * RNG.standard_normal(len(T), dtype=np.float32))
