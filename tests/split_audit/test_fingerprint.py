"""Landmarks and their index: copies are found at the right offset, other sounds are not."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from serenade.audio import effects
from serenade.split_audit.clip_fingerprints import ClipSound, fingerprint_clip
from serenade.split_audit.fingerprint import HOP, RATE_HZ, LandmarkIndex, Landmarks
from serenade.split_audit.similarity import MIN_CORRELATION, correlation

RECORDED_HZ = 16_000


def low(samples: np.ndarray) -> np.ndarray:
    return soxr.resample(np.asarray(samples, np.float32), RECORDED_HZ, RATE_HZ)


@pytest.fixture(scope="module")
def sounds():
    from .conftest import speech

    return [speech(seed, 2.0) for seed in range(30)]


CHANGES = {
    "level": lambda x, how: 0.1 * x,
    "inverted": lambda x, how: -x,
    "trimmed": lambda x, how: x[9000:-6000],
    "padded": lambda x, how: np.concatenate([np.zeros(5001, np.float32), x]),
    "mp3": lambda x, how: effects.mp3(x, **how),
    "opus": lambda x, how: effects.opus(x, **how),
    "band": lambda x, how: effects.band_limit(x, **how),
    "mu_law": lambda x, how: effects.mu_law(x, **how),
    "noise": lambda x, how: effects.add_noise(x, how["rng"].normal(size=len(x)), snr_db=15, rng=how["rng"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_found_and_correlates(sounds, change) -> None:
    index = LandmarkIndex([Landmarks.of(low(sound)) for sound in sounds])
    how = {"rate_hz": RECORDED_HZ, "rng": np.random.default_rng(0)}
    for number in range(0, 30, 5):
        copy = low(CHANGES[change](sounds[number], how))
        best, *_ = index.query(Landmarks.of(copy))
        assert best.sound == number
        value, overlap_s = correlation(copy, low(sounds[number]), offset=best.offset)
        assert value > MIN_CORRELATION + 0.15
        assert overlap_s > 0.5
        if change == "trimmed":
            assert best.offset * HOP / RATE_HZ == pytest.approx(9000 / RECORDED_HZ, abs=HOP / RATE_HZ)


def test_other_sounds_are_not_found(sounds) -> None:
    prints = [Landmarks.of(low(sound)) for sound in sounds]
    index = LandmarkIndex(prints[:15])
    for number in range(15, 30):
        for found in index.query(prints[number]):
            value, _ = correlation(low(sounds[number]), low(sounds[found.sound]), offset=found.offset)
            assert value < MIN_CORRELATION


def test_nothing_is_found_for_silence_and_in_an_empty_index() -> None:
    silence = Landmarks.of(np.zeros(RATE_HZ, np.float32))
    assert len(silence.hashes) == 0
    assert list(LandmarkIndex([silence, silence]).query(silence)) == []
    assert list(LandmarkIndex([]).query(silence)) == []
    assert Landmarks.of(np.zeros(3, np.float32)).frames.size == 0


def test_a_long_recording_is_fingerprinted_in_blocks(clip, speech_of) -> None:
    long = clip("long.wav", seed=3, seconds=70.0)
    whole = fingerprint_clip(ClipSound(file=str(long)))
    assert whole.duration_s == 70.0
    part = fingerprint_clip(ClipSound(file=str(long), start_s=41.0, duration_s=3.0))
    assert part.sha256 == ""
    found = next(LandmarkIndex([whole.landmarks]).query(part.landmarks))
    assert found.offset * HOP / RATE_HZ == pytest.approx(41.0, abs=0.05)


def test_the_samples_are_hashed_not_the_file(clip, speech_of) -> None:
    samples = (speech_of(1, 1.0) * 32_767).astype(np.int16)
    wav, flac = (clip(name, samples=samples, subtype="PCM_16") for name in ("a.wav", "a.flac"))
    louder = clip("b.wav", samples=samples // 2)
    prints = [fingerprint_clip(ClipSound(file=str(file))) for file in (wav, flac, louder)]
    assert prints[0].sound == prints[1].sound != prints[2].sound
    assert prints[0].sha256 != prints[1].sha256


def test_a_file_that_cannot_be_decoded_has_a_reason(tmp_path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF no sound")
    assert fingerprint_clip(ClipSound(file=str(bad))).error
