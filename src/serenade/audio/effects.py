"""Recording conditions as effects: noise, reverberation, telephone band, level, clipping, codecs.

The registry `EFFECTS` is used in training (drawn at random) and in robustness tests (one after the other).
Every effect keeps length and dtype, and is reproducible from the generator that it is passed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.decode import decode
from serenade.audio.level import is_silent

_Samples = NDArray[np.float32]


def add_noise(samples: _Samples, noise: NDArray[Any], *, snr_db: float, rng: np.random.Generator) -> _Samples:
    """Add recorded noise at a signal-to-noise ratio, from a random offset, repeated if it is too short.

    Args:
        samples: mono samples [shape=(n,)]. Silence is returned unchanged, because it has no level.
        noise: mono noise at the same rate [shape=(m,)], m > 0.
        snr_db: level of the signal above that of the noise, in dB.
        rng: generator of the offset.
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
    """White noise: the same power at every frequency."""
    if not len(samples):
        return samples.copy()
    return add_noise(samples, rng.standard_normal(len(samples), dtype=np.float32), snr_db=snr_db, rng=rng)


def pink_noise(
    samples: _Samples, *, rate_hz: int, rng: np.random.Generator, snr_db: float = 15.0
) -> _Samples:
    """Pink noise: the same power in every octave above 20 Hz."""
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
    """Reverberation: convolution with a room impulse response, at the original level.

    Args:
        samples: mono samples [shape=(n,)].
        rate_hz: sample rate.
        rng: generator of the synthetic response.
        decay_s: reverberation time (60 dB) of the synthetic response, which is decaying noise (Polack 1988).
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
    """Band-pass filter, by default the telephone band; each edge is a ramp over a tenth of its frequency."""
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
    """Change the level by a gain, without clipping."""
    return samples * np.float32(10 ** (gain_db / 20))


def clip(samples: _Samples, *, rate_hz: int, rng: np.random.Generator, share: float = 0.05) -> _Samples:
    """Clip the loudest fraction `share` of the samples."""
    if not len(samples):
        return samples.copy()
    limit = np.float32(np.quantile(np.abs(samples), 1 - share))
    return np.clip(samples, -limit, limit)


def mu_law(samples: _Samples, *, rate_hz: int, rng: np.random.Generator) -> _Samples:
    """Fixed telephone network: 8 kHz, 8 bits, mu-law (ITU-T G.711)."""
    if not len(samples):
        return samples.copy()
    import soxr

    narrow = np.clip(soxr.resample(samples, rate_hz, 8000), -1, 1)
    code = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256) * 127) / 127
    narrow = np.sign(code) * (256 ** np.abs(code) - 1) / 255
    return _fit(soxr.resample(narrow.astype(np.float32), 8000, rate_hz), len(samples))


def mp3(samples: _Samples, *, rate_hz: int, rng: np.random.Generator) -> _Samples:
    """Encode as MP3 at about 20 kbit/s and decode."""
    return _round_trip(
        samples, rate_hz, 16_000, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.95
    )


def opus(samples: _Samples, *, rate_hz: int, rng: np.random.Generator) -> _Samples:
    """Encode as Opus at about 20 kbit/s, as in internet calls, and decode."""
    return _round_trip(samples, rate_hz, 16_000, format="OGG", subtype="OPUS", compression_level=0.95)


EFFECTS: dict[str, Callable[..., _Samples]] = {
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
"""Effects by name, called as `effect(samples, rate_hz=..., rng=...)`; some take a strength."""


def _fit(samples: _Samples, n: int) -> _Samples:
    fitted = np.zeros(n, dtype=np.float32)
    fitted[: len(samples)] = samples[:n]
    return fitted


def _round_trip(samples: _Samples, rate_hz: int, codec_hz: int, **how: Any) -> _Samples:
    """Encode and decode in memory, at a rate that the codec supports; its delay is removed."""
    if not len(samples):
        return samples.copy()
    import soundfile
    import soxr

    loudest = max(1.0, float(np.abs(samples).max()))  # codecs clip at full scale
    sent = soxr.resample(samples / np.float32(loudest), rate_hz, codec_hz)
    memory = io.BytesIO()
    soundfile.write(memory, sent, codec_hz, **how)
    decoded = decode(memory.getvalue(), rate_hz=codec_hz).samples
    decoded = decoded[_delay(sent, decoded, codec_hz) :]
    return _fit(soxr.resample(decoded, codec_hz, rate_hz), len(samples)) * np.float32(loudest)


def _delay(sent: _Samples, decoded: _Samples, rate_hz: int) -> int:
    """Delay of `decoded` in samples, up to 0.2 s, at the maximum of the cross-correlation."""
    size = 1 << (len(sent) + len(decoded)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(sent, size)), size)
    return int(correlation[: round(0.2 * rate_hz)].argmax())
