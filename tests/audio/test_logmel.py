import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.decode import decode
from serenade.audio.logmel import CREMAD_SEED, MELD_SEED, WHISPER, FrontEnd, log_mel, normalize

FRONT_ENDS = {
    "cremad": CREMAD_SEED,
    "meld": MELD_SEED,
    "whisper": WHISPER,
    "default": FrontEnd(),
    "htk": FrontEnd(n_fft=512, hop=160, mel_scale="htk", mel_norm="none"),
    "htk-slaney-norm": FrontEnd(n_fft=512, hop=160, mel_scale="htk", pad_mode="reflect"),
    "magnitude": FrontEnd(power=1),
    "uncentred": FrontEnd(center=False, n_mels=64),
    "absolute": FrontEnd(db_ref="one", top_db=None),
    "absolute-floor": FrontEnd(db_ref="one", top_db=60),
    "odd": FrontEnd(rate_hz=22050, n_fft=551, hop=220, n_mels=40, fmin_hz=50, fmax_hz=11025),
}


def golden(samples, front_end):
    """The result of librosa (for Whisper's scale, of the lines in whisper/audio.py)."""
    librosa = pytest.importorskip("librosa", reason="golden values come from librosa")
    if front_end.max_duration_s is not None:
        samples = samples[: round(front_end.max_duration_s * front_end.rate_hz)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # n_fft larger than the clip
        mel = librosa.feature.melspectrogram(
            y=samples,
            sr=front_end.rate_hz,
            n_fft=front_end.n_fft,
            hop_length=front_end.hop,
            center=front_end.center,
            pad_mode=front_end.pad_mode,
            power=front_end.power,
            n_mels=front_end.n_mels,
            fmin=front_end.fmin_hz,
            fmax=front_end.fmax_hz,
            htk=front_end.mel_scale == "htk",
            norm=None if front_end.mel_norm == "none" else "slaney",
        )
    if front_end.scale == "whisper":
        logs = np.log10(np.maximum(mel[:, :-1], 1e-10))
        return ((np.maximum(logs, logs.max() - 8) + 4) / 4).T
    to_db = librosa.power_to_db if front_end.power == 2 else librosa.amplitude_to_db
    ref = np.max if front_end.db_ref == "max" else 1.0
    return to_db(mel, ref=ref, top_db=front_end.top_db).T


def db_apart(samples, front_end):
    """Largest difference from librosa, converted to dB."""
    db = {"db": 1, "whisper": 40}[front_end.scale]
    return db * np.abs(log_mel(samples, front_end) - golden(samples, front_end)).max()


def voice(n, rate_hz=16_000):
    """Harmonics with a moving pitch and pauses over weak noise, as in speech."""
    rng = np.random.default_rng(0)
    t = np.arange(n) / rate_hz
    phase = 2 * np.pi * np.cumsum(140 + 40 * np.sin(2 * np.pi * 1.5 * t)) / rate_hz
    buzz = sum(np.sin(k * phase) / k for k in range(1, 25)) * (np.sin(2 * np.pi * 2 * t) > -0.5)
    return (0.1 * buzz + 3e-4 * rng.standard_normal(n)).astype(np.float32)


@pytest.mark.parametrize("n", [0, 1, 2, 300, 1023, 2048, 16_000, 81_234])
@pytest.mark.parametrize("name", FRONT_ENDS)
def test_within_a_thousandth_of_a_db_of_librosa(name, n):
    front_end = FRONT_ENDS[name]
    samples = voice(n, front_end.rate_hz)
    features = log_mel(samples, front_end)
    assert features.dtype == np.float32
    assert features.shape == (front_end.frames(n), front_end.n_mels)
    # librosa refuses these, serenade pads them.
    if n == 0 or (not front_end.center and n < front_end.n_fft) or (name == "whisper" and n < 160):
        assert np.isfinite(features).all()
        return
    assert np.abs(features - golden(samples, front_end)).max() < 1e-3


@pytest.mark.parametrize("name", ["default", "cremad", "meld"])
@pytest.mark.parametrize("offset", [0.001, 0.05])
def test_a_constant_offset_is_kept_as_librosa_keeps_it(name, offset):
    """The published front ends do not remove it either; docs/how-to/predict.md states the limit."""
    front_end = FRONT_ENDS[name]
    samples = voice(16_000, front_end.rate_hz) + np.float32(offset)
    assert np.abs(log_mel(samples, front_end) - golden(samples, front_end)).max() < 1e-3


def test_within_a_thousandth_of_a_db_on_real_speech(shared):
    cremad = sorted((shared / "cremad/AudioWAV").glob("*.wav"))
    ravdess = sorted(f for f in shared.glob("ravdess/*/*") if f.suffix in (".wav", ".flac"))
    emovo = sorted(f for f in shared.glob("emovo/*/*") if f.suffix in (".wav", ".flac", ".opus", ".ogg"))
    for file in cremad + ravdess[::8] + emovo[::6] + sorted(shared.glob("emodb/*.opus"))[::12]:
        samples = decode(file, rate_hz=16_000, duration_s=2.0).samples
        for name in ("cremad", "whisper", "default", "htk", "magnitude"):
            assert db_apart(samples, FRONT_ENDS[name]) < 1e-3, (file, name)


def hard_signals(n=32_000):
    """Sounds with bands so weak that rounding errors of single precision would show."""
    rng = np.random.default_rng(1)
    t = np.arange(n) / 16_000
    noise, other = rng.standard_normal((2, n))

    def band(low_hz, high_hz, of):
        spectrum = np.fft.rfft(of)
        hz = np.fft.rfftfreq(n, 1 / 16_000)
        return np.fft.irfft(spectrum * (low_hz <= hz) * (hz < high_hz), n)

    yield "low tone, weak high band", 0.9 * np.sin(2 * np.pi * 150 * t) + 2e-4 * band(6000, 7500, noise)
    yield "high tone, weak noise", 0.9 * np.sin(2 * np.pi * 7000 * t) + 1e-4 * noise
    yield "fricative, weak low band", 0.3 * band(3000, 8000, noise) + 1e-4 * band(100, 300, other)
    yield "tone of 16 bits", np.round(0.9 * np.sin(2 * np.pi * 440 * t) * 32767) / 32768
    yield "voice of 16 bits", np.round(voice(n) * 32767) / 32768
    yield "offset", 0.9 + 1e-4 * noise
    yield "chirp", 0.9 * np.sin(2 * np.pi * (50 * t + 1300 * t**2))
    yield "clicks", (np.arange(n) % 4000 == 17) + 1e-5 * noise


@pytest.mark.parametrize("name", ["cremad", "meld", "whisper", "default", "htk", "magnitude"])
def test_within_a_thousandth_of_a_db_if_bands_are_weak(name):
    for sound, samples in hard_signals():
        assert db_apart(samples.astype(np.float32), FRONT_ENDS[name]) < 1e-3, sound


@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.parametrize("n", [5, 20_000])
def test_silence_gives_the_same_as_librosa(name, n):
    features = log_mel(np.zeros(n), FRONT_ENDS[name])
    assert np.isfinite(features).all()
    assert np.ptp(features) == 0
    assert not normalize(features, FrontEnd(normalize="band")).any()
    if FRONT_ENDS[name].db_ref == "max" and FRONT_ENDS[name].scale == "db":
        assert not features.any()


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(0, 9000),
    n_fft=st.integers(2, 1500),
    hop=st.integers(24, 700),
    n_mels=st.integers(1, 90),
    center=st.booleans(),
    pad_mode=st.sampled_from(["constant", "reflect"]),
    power=st.sampled_from([1, 2]),
    scale=st.sampled_from(["db", "whisper"]),
)
def test_any_length_and_any_front_end_gives_finite_values(
    n, n_fft, hop, n_mels, center, pad_mode, power, scale
):
    front_end = FrontEnd(
        n_fft=n_fft, hop=hop, n_mels=n_mels, center=center, pad_mode=pad_mode, power=power, scale=scale
    )
    samples = voice(n)
    features = log_mel(samples, front_end)
    assert features.shape == (front_end.frames(n), n_mels)
    assert np.isfinite(features).all()
    for kind in ("clip", "band", "minmax", "none"):
        level = normalize(features, FrontEnd(normalize=kind))
        assert level.dtype == np.float32
        assert np.isfinite(level).all()


@given(exponent=st.integers(-12, 12))
def test_with_the_maximum_as_reference_the_level_has_no_effect(exponent):
    samples = voice(8000)
    # A power of two scales a float without rounding.
    louder = log_mel(samples * np.float32(2.0**exponent), FrontEnd(top_db=30))
    assert np.abs(louder - log_mel(samples, FrontEnd(top_db=30))).max() < 1e-4


def test_only_the_first_seconds_are_used():
    samples = voice(80_000)
    assert (log_mel(samples, MELD_SEED) == log_mel(samples[:48_000], MELD_SEED)).all()
    assert log_mel(samples, MELD_SEED).shape == (94, 128)


def test_each_method_normalises_its_values():
    features = log_mel(voice(30_000), FrontEnd())
    clip = normalize(features, FrontEnd(normalize="clip"))
    assert abs(clip.mean()) < 1e-5
    assert abs(clip.std() - 1) < 1e-5
    band = normalize(features, FrontEnd(normalize="band"))
    assert np.abs(band.mean(axis=0)).max() < 1e-4
    assert np.abs(band.std(axis=0) - 1).max() < 1e-4
    unit = normalize(features, FrontEnd(normalize="minmax"))
    assert (unit.min(), unit.max()) == (0, 1)
    same = normalize(features, FrontEnd(normalize="none"))
    assert (same == features).all()
    assert same is not features


def test_stereo_is_refused():
    with pytest.raises(ValueError, match="mono"):
        log_mel(np.zeros((2, 100)), FrontEnd())


def test_needs_neither_librosa_nor_scipy_nor_torch():
    code = (
        "import sys; from serenade.audio.logmel import *; log_mel([0.0] * 9000, FrontEnd());"
        "sys.exit(any(name in sys.modules for name in ('librosa', 'scipy', 'torch', 'soundfile')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
