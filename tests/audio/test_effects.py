import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.decode import decode
from serenade.audio.effects import (
    EFFECTS,
    add_noise,
    band_limit,
    change_level,
    clip,
    reverberation,
    white_noise,
)
from serenade.audio.level import is_clipped, level_dbfs


def voice(n=16_000):
    t = np.arange(n) / 16_000
    return (0.1 * sum(np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 20))).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(0, 6000),
    name=st.sampled_from(list(EFFECTS)),
    seed=st.integers(0, 9),
    gain=st.sampled_from([0.0, 1e-4, 1.0, 30.0]),
    rate_hz=st.sampled_from([8000, 16_000, 22_050]),
)
def test_every_effect_keeps_length_dtype_and_input_and_is_reproducible(n, name, seed, gain, rate_hz):
    samples = voice(n) * np.float32(gain)
    before = samples.copy()
    once, again = (EFFECTS[name](samples, rate_hz=rate_hz, rng=np.random.default_rng(seed)) for _ in range(2))
    assert once.dtype == np.float32
    assert once.shape == samples.shape
    assert np.isfinite(once).all()
    assert (once == again).all()
    assert (samples == before).all()
    assert once is not samples


@pytest.mark.parametrize("name", ["white_noise", "pink_noise"])
@pytest.mark.parametrize("snr_db", [-5, 0, 20])
def test_noise_has_the_requested_ratio(name, snr_db):
    samples = voice()
    noisy = EFFECTS[name](samples, rate_hz=16_000, rng=np.random.default_rng(0), snr_db=snr_db)
    ratio = 10 * np.log10(np.mean(samples**2) / np.mean((noisy - samples) ** 2))
    assert ratio == pytest.approx(snr_db, abs=0.05)


def test_pink_noise_falls_three_db_an_octave():
    samples = np.ones(160_000, dtype=np.float32) * voice(160_000)
    noise = EFFECTS["pink_noise"](samples, rate_hz=16_000, rng=np.random.default_rng(0)) - samples
    power = np.abs(np.fft.rfft(noise)) ** 2
    hz = np.fft.rfftfreq(len(noise), 1 / 16_000)
    low, high = (power[(hz > edge) & (hz < 2 * edge)].mean() for edge in (200, 1600))
    assert 10 * np.log10(low / high) == pytest.approx(9, abs=1)


def test_a_short_noise_is_repeated_and_silence_stays_silent():
    rng = np.random.default_rng(0)
    assert np.abs(add_noise(voice(), np.ones(7), snr_db=0, rng=rng) - voice()).min() > 0
    assert not add_noise(np.zeros(100, dtype=np.float32), np.ones(7), snr_db=0, rng=rng).any()


@pytest.mark.parametrize("name", ["mu_law", "mp3", "opus"])
def test_codecs_add_no_delay_and_print_nothing(name, capfd):
    samples = white_noise(voice(), rate_hz=16_000, rng=np.random.default_rng(1), snr_db=30)
    decoded = EFFECTS[name](samples, rate_hz=16_000, rng=np.random.default_rng(0))
    assert 0.8 < np.corrcoef(samples, decoded)[0, 1] < 0.99999
    assert capfd.readouterr() == ("", "")


def test_the_telephone_band_is_kept():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(32_000).astype(np.float32)
    power = np.abs(np.fft.rfft(band_limit(noise, rate_hz=16_000, rng=rng))) ** 2
    hz = np.fft.rfftfreq(32_000, 1 / 16_000)
    inside = (hz > 400) & (hz < 3300)
    assert power[(hz < 250) | (hz > 3800)].max() < 1e-6 * power[inside].mean()
    assert power[inside].sum() == pytest.approx((np.abs(np.fft.rfft(noise)) ** 2)[inside].sum(), rel=1e-3)


def test_reverberation_decays_and_keeps_the_level(shared):
    rng = np.random.default_rng(0)
    click = np.zeros(16_000, dtype=np.float32)
    click[4000] = 1
    assert np.abs(click[4100:8000]).max() == 0
    assert np.abs(reverberation(click, rate_hz=16_000, rng=rng)[4100:8000]).max() > 1e-3
    room = decode(sorted((shared / "rooms").iterdir())[0], rate_hz=16_000).samples
    wet = reverberation(voice(), rate_hz=16_000, rng=rng, response=room)
    assert level_dbfs(wet) == pytest.approx(level_dbfs(voice()), abs=0.1)


def test_level_and_clipping():
    rng = np.random.default_rng(0)
    quieter = change_level(voice(), rate_hz=16_000, rng=rng, gain_db=-12)
    assert level_dbfs(quieter) == pytest.approx(level_dbfs(voice()) - 12, abs=0.01)
    assert is_clipped(clip(voice(), rate_hz=16_000, rng=rng, share=0.1))
