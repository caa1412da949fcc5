import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.logmel import CREMAD_SEED, log_mel
from serenade.audio.variants import VARIANTS, change_speed, draw_variants, make_variant
from serenade.errors import RecipeError


def voice(n=32_000):
    t = np.arange(n) / 16_000
    buzz = sum(np.sin(2 * np.pi * 150 * k * t + np.sin(2 * np.pi * 3 * t)) / k for k in range(1, 20))
    return (0.1 * buzz * (1 + np.sin(2 * np.pi * 2 * t))).astype(np.float32)


def make(name, samples, seed=0):
    return make_variant(samples, name, rate_hz=16_000, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("name", "effect", "options"),
    [
        ("stretch_fast", "time_stretch", {"rate": 1.2}),
        ("stretch_slow", "time_stretch", {"rate": 0.8}),
        ("pitch_up", "pitch_shift", {"sr": 16_000, "n_steps": 2}),
        ("pitch_down", "pitch_shift", {"sr": 16_000, "n_steps": -2}),
    ],
)
@pytest.mark.fidelity(
    system="mel_generator.py",
    output="variants `pitch_up`, `pitch_down`, `stretch_fast`, `stretch_slow`",
    verdict="differs",
    note="Two semitones and factors of 1.2 and 0.8. Not librosa's code: same length, and log-mel that "
    "correlates above 0.999 with it.",
)
def test_pitch_and_stretch_equal_librosa(name, effect, options):
    librosa = pytest.importorskip("librosa", reason="golden values come from librosa")
    golden = getattr(librosa.effects, effect)(voice(), **options)
    ours = make(name, voice())
    assert len(ours) == len(golden)
    both = log_mel(ours, CREMAD_SEED).ravel(), log_mel(golden, CREMAD_SEED).ravel()
    assert np.corrcoef(*both)[0, 1] > 0.999


@pytest.mark.fidelity(
    system="mel_generator.py",
    output="variants `time_shift_pos`, `time_shift_neg`",
    verdict="equal",
    note="By a tenth of the clip; zeros where nothing is left.",
)
def test_shift_keeps_the_length_and_fills_with_zeros():
    samples = voice(1000)
    later, earlier = make("time_shift_pos", samples), make("time_shift_neg", samples)
    assert not later[:100].any()
    assert (later[100:] == samples[:900]).all()
    assert not earlier[900:].any()
    assert (earlier[:900] == samples[100:]).all()


@pytest.mark.fidelity(
    system="mel_generator.py",
    output="variants `noise_low`, `noise_med`",
    verdict="equal",
    note="Gaussian noise of 0.005 and 0.01, independent of the level of the clip.",
)
def test_noise_is_absolute():
    quiet = np.zeros(50_000, dtype=np.float32)
    assert make("noise_low", quiet).std() == pytest.approx(0.005, rel=0.02)
    assert make("noise_med", quiet).std() == pytest.approx(0.01, rel=0.02)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(0, 5000), name=st.sampled_from(list(VARIANTS)), seed=st.integers(0, 99))
def test_any_length_gives_finite_reproducible_samples(n, name, seed):
    samples = voice(n)
    before = samples.copy()
    varied = make(name, samples, seed)
    assert varied.dtype == np.float32
    assert np.isfinite(varied).all()
    assert (varied == make(name, samples, seed)).all()
    assert (samples == before).all()
    factor = {"stretch_fast": 1.2, "stretch_slow": 0.8}.get(name, 1)
    assert len(varied) == round(n / factor)


@given(n=st.integers(0, 8), seed=st.integers(0, 99))
def test_drawn_variants_are_distinct_and_reproducible(n, seed):
    names = draw_variants(n, np.random.default_rng(seed))
    assert len(set(names)) == n
    assert set(names) <= set(VARIANTS)
    assert names == draw_variants(n, np.random.default_rng(seed))


def test_an_unknown_variant_and_an_impossible_number_are_refused():
    with pytest.raises(RecipeError, match="between 0 and 8, not 9"):
        draw_variants(9, np.random.default_rng(0))
    with pytest.raises(RecipeError, match="time_shift_pos"):
        make("louder", voice(10))


def test_speed_changes_pitch_and_length():
    t = np.arange(16_000) / 16_000
    faster = change_speed(np.sin(2 * np.pi * 400 * t).astype(np.float32), 1.25)
    assert len(faster) == 12_800
    assert np.abs(np.fft.rfft(faster)).argmax() * 16_000 / 12_800 == pytest.approx(500, abs=2)
