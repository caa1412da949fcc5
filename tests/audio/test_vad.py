"""Voice activity detection, and level and clipping."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio import vad
from serenade.audio.decode import decode
from serenade.audio.effects import pink_noise, white_noise
from serenade.audio.level import is_clipped, is_silent, level_dbfs
from serenade.audio.vad import FRAME_S, SpeechDetector, speech_ratio, speech_segments
from serenade.synthetic.cremad import make_cremad

RATE_HZ = 16_000
T = np.arange(3 * RATE_HZ) / RATE_HZ
RNG = np.random.default_rng(0)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmark():
    """The module `benchmarks/vad.py`, which synthesises music."""
    spec = importlib.util.spec_from_file_location("vad_benchmark", ROOT / "benchmarks" / "vad.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


@pytest.mark.parametrize("seconds", [0.25, 3])
@pytest.mark.parametrize("gain_db", [0, -40])
@pytest.mark.parametrize("name", NOT_SPEECH)
def test_what_is_not_speech(name, gain_db, seconds):
    samples = (0.1 * 10 ** (gain_db / 20) * NOT_SPEECH[name]).astype(np.float32)
    assert speech_ratio(samples[: round(seconds * RATE_HZ)], rate_hz=RATE_HZ) == 0


def test_music_is_not_speech(benchmark):
    rng = np.random.default_rng(1)
    pieces = [benchmark.music(rng) for _ in range(15)]
    assert [speech_ratio(piece, rate_hz=RATE_HZ) for piece in pieces] == [0] * 15


def test_recorded_noise_is_not_speech(shared):
    files = sorted((shared / "noise").glob("*.flac"))
    assert len(files) == 5
    assert [speech_ratio(decode(file, rate_hz=RATE_HZ).samples, rate_hz=RATE_HZ) for file in files] == [0] * 5


def test_synthetic_voices_are_speech(tmp_path):
    files = make_cremad(tmp_path, speakers=2, sentences=("DFA", "IEO"), rng=np.random.default_rng(3))
    assert min(speech_ratio(decode(file, rate_hz=RATE_HZ).samples, rate_hz=RATE_HZ) for file in files) > 0.2


@pytest.fixture(scope="module")
def clips(shared):
    """Real clips of four corpora."""
    cremad = sorted((shared / "cremad" / "AudioWAV").glob("*.wav"))
    assert len(cremad) == 15
    files = [
        *cremad,
        *sorted((shared / "ravdess").glob("*/*.flac"))[::100],
        *sorted((shared / "emodb").glob("*"))[::60],
        *sorted((shared / "emovo").glob("*/*"))[::100],
    ]
    return [decode(file, rate_hz=RATE_HZ).samples for file in files]


def found(clips, change=lambda samples: samples, *, rate_hz=RATE_HZ):
    return sum(bool(speech_segments(change(samples), rate_hz=rate_hz)) for samples in clips)


def test_speech_is_found_clean_faint_and_with_an_offset(clips, benchmark):
    assert found(clips) == len(clips)
    assert found(clips, benchmark.faint) == len(clips)
    assert found(clips, lambda samples: 0.3 * samples + np.float32(0.5)) == len(clips)


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 48_000])
def test_speech_is_found_at_any_rate(clips, rate_hz):
    resampled = [soxr.resample(samples, RATE_HZ, rate_hz) for samples in clips]
    assert found(resampled, rate_hz=rate_hz) == len(clips)


def test_speech_is_found_in_noise_and_in_short_clips(clips, benchmark):
    def noisy(samples):
        return white_noise(samples, rate_hz=RATE_HZ, rng=np.random.default_rng(0), snr_db=10)

    assert found(clips, noisy) >= 0.95 * len(clips)
    assert found(clips, benchmark.short) >= 0.9 * len(clips)


def test_segments_are_where_the_speech_is(toy):
    silence = np.zeros(2 * RATE_HZ, dtype=np.float32)
    samples = np.concatenate([silence, toy.voice(3), silence])
    ((start, end),) = speech_segments(samples, rate_hz=RATE_HZ)
    assert 1.7 < start < 2.3
    assert 4.7 < end < 5.3
    assert speech_ratio(samples, rate_hz=RATE_HZ) == pytest.approx((end - start) / 7, abs=0.01)


def in_blocks(samples, block_s, *, rate_hz=RATE_HZ):
    """Whether each frame has speech, of a recording that is passed in blocks."""
    detector, size = SpeechDetector(rate_hz=rate_hz), round(block_s * rate_hz)
    starts = range(0, len(samples), size)
    return np.concatenate(
        [detector(samples[at : at + size], last=at + size >= len(samples)) for at in starts]
    )


def test_blocks_and_the_whole_recording_agree(shared):
    """Exactly at the length of block of a whole recording; else in nearly all frames of real meetings."""
    for file in sorted((shared / "meeting").glob("*.flac"))[:2]:
        samples = decode(file, rate_hz=RATE_HZ).samples
        whole = in_blocks(samples, 10)
        assert whole.sum() * FRAME_S * RATE_HZ / len(samples) == speech_ratio(samples, rate_hz=RATE_HZ)
        for block_s in (0.5, 2.5):
            speech = in_blocks(samples, block_s)
            assert len(speech) == len(whole) == -(-len(samples) // round(FRAME_S * RATE_HZ))
            assert np.mean(speech == whole) > 0.88


@pytest.mark.parametrize("block_s", [0.25, 0.3, 2.5])
def test_every_block_has_speech_and_a_silent_one_has_none(toy, block_s):
    voice = toy.voice(5)
    speech = in_blocks(np.concatenate([voice, np.zeros(RATE_HZ * 5, dtype=np.float32)]), block_s)
    assert np.mean(speech[: round(5 / FRAME_S)]) > 0.9
    silent_from_s = np.ceil(5 / block_s) * block_s
    assert not speech[int(silent_from_s / FRAME_S) + 1 :].any()


def test_a_detector_at_another_rate_returns_every_frame(toy):
    speech = in_blocks(toy.voice(4, rate_hz=44_100), 0.5, rate_hz=44_100)
    assert len(speech) == pytest.approx(4 / FRAME_S, abs=1)


def test_memory_does_not_grow_with_the_recording(toy):
    def peak(samples):
        tracemalloc.start()
        speech_ratio(samples, rate_hz=RATE_HZ)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    half_minute = np.tile(toy.voice(10), 3)
    peak(half_minute)  # the model is loaded
    assert peak(np.tile(half_minute, 6)) < 1.1 * peak(half_minute)


def test_the_model_is_loaded_once_by_all_threads(toy, monkeypatch):
    import onnxruntime

    vad._loaded.cache_clear()
    sessions, make = [], onnxruntime.InferenceSession

    def counted(*arguments, **options):
        sessions.append(make(*arguments, **options))
        return sessions[-1]

    monkeypatch.setattr(onnxruntime, "InferenceSession", counted)
    voices, ratios = [toy.voice(2, seed=seed) for seed in range(8)], {}

    def work(index):
        ratios[index] = speech_ratio(voices[index], rate_hz=RATE_HZ)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sessions) == 1
    assert ratios == {index: speech_ratio(voice, rate_hz=RATE_HZ) for index, voice in enumerate(voices)}


def test_neither_import_nor_silence_loads_the_model():
    code = """
import sys, numpy
from serenade.audio.vad import speech_ratio
assert speech_ratio(numpy.zeros(160_000, dtype="f4"), rate_hz=16_000) == 0
print("onnxruntime" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


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
