from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from serenade.audio import bands
from serenade.audio.bands import mel_energies
from serenade.audio.front_end import CREMAD_SEED, MELD_SEED, WHISPER, FrontEnd
from serenade.audio.mel import mel_filters

FLOOR = 1e-8
FRONT_ENDS = [CREMAD_SEED, MELD_SEED, WHISPER, FrontEnd(), FrontEnd(n_fft=512, hop=160, mel_scale="htk")]


def plain(signal, front_end):
    """Energies by the definition, in double precision, of the frames that need no padding."""
    n_fft, hop = front_end.n_fft, front_end.hop
    whole = np.arange(-(-n_fft // (2 * hop)), (len(signal) - n_fft // 2) // hop)
    starts = whole * hop - n_fft // 2
    frames = signal.astype(np.float64)[starts[:, None] + np.arange(n_fft)]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    return whole, power @ mel_filters(front_end).astype(np.float64).T


def db_apart(energies, expected, top):
    """Largest difference in dB after raising both to the floor."""
    least = FLOOR * top
    return np.abs(10 * np.log10(np.maximum(energies, least) / np.maximum(expected, least))).max()


def coloured(rng, n=16_000):
    """Noise with a spectral peak, falling off by 5 to 60 dB, or tones over weak noise."""
    hz = np.fft.rfftfreq(n, 1 / 16_000)
    if rng.random() < 0.5:
        slope = rng.uniform(0.5, 3) / rng.uniform(500, 4000)
        spectrum = np.fft.rfft(rng.standard_normal(n)) * 10 ** (-slope * np.abs(hz - rng.uniform(0, 8000)))
        samples = np.fft.irfft(spectrum)
    else:
        tones = np.sin(2 * np.pi * rng.uniform(50, 7900, (3, 1)) * np.arange(n) / 16_000).sum(axis=0)
        samples = tones + 10 ** rng.uniform(-5, -3) * rng.standard_normal(n)
    return (0.9 * samples / np.abs(samples).max()).astype(np.float32)


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_single_precision_keeps_the_error_below_a_thousandth_of_a_db(front_end):
    rng = np.random.default_rng(3)
    for _ in range(40):
        signal = coloured(rng)
        whole, expected = plain(signal, front_end)
        energies = mel_energies(signal, front_end, floor=FLOOR)
        assert db_apart(energies[whole], expected, energies.max()) < 1e-3


def test_the_error_is_larger_if_weak_frames_are_not_recomputed(monkeypatch):
    monkeypatch.setattr(bands, "_WEAK", 0.0)
    bands._bank.cache_clear()
    rng = np.random.default_rng(3)
    apart = []
    for _ in range(10):
        signal = coloured(rng)
        whole, expected = plain(signal, CREMAD_SEED)
        energies = mel_energies(signal, CREMAD_SEED, floor=FLOOR)
        apart.append(db_apart(energies[whole], expected, energies.max()))
    bands._bank.cache_clear()
    assert max(apart) > 1e-3


def test_without_a_floor_everything_is_in_double_precision():
    signal = coloured(np.random.default_rng(1))
    whole, expected = plain(signal, FrontEnd())
    assert np.abs(mel_energies(signal, FrontEnd())[whole] / expected - 1).max() < 1e-5


def test_a_clip_longer_than_the_buffer_gives_the_same(monkeypatch):
    front_end = FrontEnd()
    signal = np.concatenate([coloured(np.random.default_rng(seed)) for seed in range(6)])
    at_once = mel_energies(signal, front_end, floor=FLOOR)
    monkeypatch.setattr(bands, "_BUFFER_SAMPLES", 20_000)
    monkeypatch.setattr(bands, "_FILTERED_SAMPLES", 1 << 15)
    bands._bank.cache_clear()
    in_blocks = mel_energies(signal, front_end, floor=FLOOR)
    bands._bank.cache_clear()
    np.testing.assert_allclose(in_blocks, at_once, rtol=1e-5, atol=1e-8 * at_once.max())


def test_threads_do_not_share_arrays():
    signals = [coloured(np.random.default_rng(seed), 48_000) for seed in range(8)]
    expected = [mel_energies(signal, CREMAD_SEED, floor=FLOOR) for signal in signals]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda signal: mel_energies(signal, CREMAD_SEED, floor=FLOOR), signals * 4))
    for number, energies in enumerate(results):
        assert np.array_equal(energies, expected[number % 8])
