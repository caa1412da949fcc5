"""What the world does to a recording: noise, rooms, telephones, levels, codecs.

One registry, `CHANGES`, serves training (drawn at random) and robustness tests (in turn). Every change keeps
length and type, and is repeatable from the generator that it is given.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.level import is_silent

_Samples = NDArray[np.float32]


def add_noise(samples: _Samples, noise: NDArray[Any], *, snr_db: float, rng: np.random.Generator) -> _Samples:
    """Mix in a recorded noise, from a random place, looped if it is short, at a signal-to-noise ratio.

    Args:
        samples: mono sound [shape=(n,)]; silence stays as it is, for it has no level to go by.
        noise: mono noise at the same rate [shape=(m,)], m > 0.
        snr_db: level of the sound above the noise, in dB.
        rng: where the place comes from.
    """
    start = int(rng.integers(len(noise)))
    cut = np.take(noise, np.arange(start, start + len(samples)), mode="wrap").astype(np.float32)
    power = float(np.mean(np.square(cut, dtype=np.float64))) if len(cut) else 0.0
    if is_silent(samples) or not power:
        return samples.copy()
    gain = np.sqrt(np.mean(np.square(samples, dtype=np.float64)) / power / 10 ** (snr_db / 10))
    return samples + np.float32(gain) * cut


def white_noise(
    samples: _Samples, *, rate_hz: int, rng: np.random.Generator, snr_db: float = 15.0
) -> _Samples:
    """Hiss: the same power at every frequency."""
    if not len(samples):
        return samples.copy()
    return add_noise(samples, rng.standard_normal(len(samples), dtype=np.float32), snr_db=snr_db, rng=rng)


def pink_noise(
    samples: _Samples, *, rate_hz: int, rng: np.random.Generator, snr_db: float = 15.0
) -> _Samples:
    """Rush: the same power in every octave from 20 Hz."""
    n = len(samples)
    if not n:
        return samples.copy()
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(n, 1 / rate_hz), 20.0))
    return add_noise(samples, np.fft.irfft(spectrum, n), snr_db=snr_db, rng=rng)


def reverberation(
    samples: _Samples,
    *,
    rate_hz: int,
    rng: np.random.Generator,
    decay_s: float = 0.5,
    response: NDArray[Any] | None = None,
) -> _Samples:
    """A room: convolution with an impulse response, at the level of before.

    Args:
        samples: mono sound [shape=(n,)].
        rate_hz: its rate.
        rng: where the synthetic response comes from.
        decay_s: time in which the synthetic response (noise, Polack 1988) falls by 60 dB.
        response: a measured response at the same rate [shape=(m,)]; its peak is time 0.
    """
    if response is None:
        at_s = np.arange(max(1, round(decay_s * rate_hz))) / rate_hz
        response = 0.1 * rng.standard_normal(len(at_s)) * 10 ** (-3 * at_s / decay_s)
        response[0] = 1.0
    response = np.asarray(response, dtype=np.float64)
    n, first = len(samples), int(np.abs(response).argmax())
    size = 1 << (n + len(response)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)[first : first + n]
    power = np.mean(np.square(wet)) if n else 0.0
    if not power:
        return samples.copy()
    wet *= np.sqrt(np.mean(np.square(samples, dtype=np.float64)) / power)
    return wet.astype(np.float32)


def band_limit(
    samples: _Samples,
    *,
    rate_hz: int,
    rng: np.random.Generator,
    low_hz: float = 300.0,
    high_hz: float = 3400.0,
) -> _Samples:
    """Keep a band, by default the telephone's; the edges fall over a tenth of their frequency."""
    n = len(samples)
    if not n:
        return samples.copy()
    hz = np.fft.rfftfreq(n, 1 / rate_hz)
    rise = np.clip((hz - 0.9 * low_hz) / (0.1 * low_hz), 0, 1) if low_hz else 1.0
    fall = np.clip((1.1 * high_hz - hz) / (0.1 * high_hz), 0, 1)
    return np.fft.irfft(np.fft.rfft(samples) * rise * fall, n).astype(np.float32)


def change_level(
    samples: _Samples, *, rate_hz: int, rng: np.random.Generator, gain_db: float = -20.0
) -> _Samples:
    """Louder or quieter, never cut off."""
    return samples * np.float32(10 ** (gain_db / 20))


def clip(samples: _Samples, *, rate_hz: int, rng: np.random.Generator, share: float = 0.05) -> _Samples:
    """Overload: cut off the loudest share of the samples, at the level of before."""
    if not len(samples):
        return samples.copy()
    limit = np.float32(np.quantile(np.abs(samples), 1 - share))
    return np.clip(samples, -limit, limit)


def mu_law(samples: _Samples, *, rate_hz: int, rng: np.random.Generator) -> _Samples:
    """The fixed telephone network: 8 kHz, 8 bits, mu-law (ITU-T G.711)."""
    if not len(samples):
        return samples.copy()
    import soxr

    narrow = np.clip(soxr.resample(samples, rate_hz, 8000), -1, 1)
    code = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256) * 127) / 127
    narrow = np.sign(code) * (256 ** np.abs(code) - 1) / 255
    return _fit(soxr.resample(narrow.astype(np.float32), 8000, rate_hz), len(samples))


def mp3(samples: _Samples, *, rate_hz: int, rng: np.random.Generator) -> _Samples:
    """MP3 at about 20 kbit/s, there and back."""
    return _round_trip(
        samples, rate_hz, 16_000, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.95
    )


def opus(samples: _Samples, *, rate_hz: int, rng: np.random.Generator) -> _Samples:
    """Opus at about 20 kbit/s, as in calls over the internet, there and back."""
    return _round_trip(samples, rate_hz, 16_000, format="OGG", subtype="OPUS", compression_level=0.95)


CHANGES: dict[str, Callable[..., _Samples]] = {
    "white_noise": white_noise,
    "pink_noise": pink_noise,
    "reverberation": reverberation,
    "band_limit": band_limit,
    "change_level": change_level,
    "clip": clip,
    "mu_law": mu_law,
    "mp3": mp3,
    "opus": opus,
}
"""Changes by name; each is called as `change(samples, rate_hz=..., rng=...)` and may take a strength."""


def _fit(samples: _Samples, n: int) -> _Samples:
    fitted = np.zeros(n, dtype=np.float32)
    fitted[: len(samples)] = samples[:n]
    return fitted


def _round_trip(samples: _Samples, rate_hz: int, codec_hz: int, **how: Any) -> _Samples:
    """Encode and decode in memory, at a rate that the codec knows; its delay is taken out."""
    if not len(samples):
        return samples.copy()
    import soundfile
    import soxr

    loudest = max(1.0, float(np.abs(samples).max()))  # codecs cut off what is above full scale
    sent = soxr.resample(samples / np.float32(loudest), rate_hz, codec_hz)
    memory = io.BytesIO()
    soundfile.write(memory, sent, codec_hz, **how)
    memory.seek(0)
    heard, heard_hz = soundfile.read(memory, dtype="float32")
    heard = soxr.resample(heard, heard_hz, codec_hz)
    heard = heard[_delay(sent, heard, codec_hz) :]
    return _fit(soxr.resample(heard, codec_hz, rate_hz), len(samples)) * np.float32(loudest)


def _delay(sent: _Samples, heard: _Samples, rate_hz: int) -> int:
    """Samples by which `heard` comes later than `sent`, up to 0.2 s, where they correlate best."""
    size = 1 << (len(sent) + len(heard)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sent, size)), size)
    return int(likeness[: round(0.2 * rate_hz)].argmax())
