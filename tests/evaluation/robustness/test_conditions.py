"""Every condition changes the sound as its name says, and repeats."""

from __future__ import annotations

import numpy as np
import pytest

from serenade.evaluation.robustness.conditions import SNRS_DB, Surroundings, conditions

RATE_HZ = 16_000
VOICE = (0.1 * np.sin(np.arange(16_000) / 4)).astype(np.float32)
OTHERS = [np.sin(np.arange(n) / step).astype(np.float32) for n, step in ((9_000, 9), (5_000, 14), (900, 6))]
AROUND = Surroundings(
    rate_hz=RATE_HZ,
    voices=[("1", VOICE), *(("2", other) for other in OTHERS)],
    noises=[np.random.default_rng(1).standard_normal(4_000).astype(np.float32)],
)
LISTED = {condition.name: condition for condition in conditions(has_noises=True)}


def applied(name: str, samples=VOICE, around=AROUND) -> np.ndarray:
    return LISTED[name].apply(samples, around, "1", np.random.default_rng(0))


def power_db(samples) -> float:
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


@pytest.mark.parametrize("noise", ["white", "babble", "noise"])
@pytest.mark.parametrize("snr_db", SNRS_DB)
def test_noise_has_the_level_that_its_name_states(noise: str, snr_db: int) -> None:
    added = applied(f"{noise}_{snr_db}db") - VOICE
    assert power_db(VOICE) - power_db(added) == pytest.approx(snr_db, abs=0.1)


@pytest.mark.parametrize("name", LISTED)
def test_conditions_repeat_and_keep_their_input(name: str) -> None:
    before = VOICE.copy()
    first, second = applied(name), applied(name)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(VOICE, before)
    assert first.dtype == np.float32
    assert (name == "clean") == np.array_equal(first, VOICE)
    length = {"slower": 1 / 0.9, "faster": 1 / 1.1}.get(name, 1.0)
    assert len(first) == pytest.approx(len(VOICE) * length, abs=2)


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("n", [1, 300])
def test_silence_and_tiny_clips_stay_finite(name: str, n: int) -> None:
    for samples in (np.zeros(n, np.float32), VOICE[:n]):
        assert np.isfinite(applied(name, samples)).all()


def test_babble_is_of_other_speakers() -> None:
    noise = AROUND.babble(8_000, speaker="2", rng=np.random.default_rng(0))
    # The only voice of another speaker is VOICE, a tone.
    spectrum = np.abs(np.fft.rfft(noise))
    assert np.argmax(spectrum) / 8_000 == pytest.approx(1 / (4 * 2 * np.pi), rel=0.02)
    own = Surroundings(rate_hz=RATE_HZ, voices=[("1", VOICE)]).babble(
        10, speaker="1", rng=np.random.default_rng(0)
    )
    assert own.any()


def test_recorded_noise_is_only_there_if_it_is_given() -> None:
    without = [condition.name for condition in conditions(has_noises=False)]
    assert [name for name in LISTED if name not in without] == [f"noise_{snr}db" for snr in SNRS_DB]


def test_a_measured_room_is_used() -> None:
    echo = np.zeros(200, np.float32)
    echo[[0, 100]] = 1.0, 0.5
    around = Surroundings(rate_hz=RATE_HZ, voices=[], rooms=[echo])
    click = np.zeros(400, np.float32)
    click[10] = 1.0
    wet = applied("room", click, around)
    assert wet[110] == pytest.approx(wet[10] / 2, rel=1e-5)
