"""Source-filter speech synthesis: glottal pulses and noise, shaped by the formants of a sentence.

After Fant, "Acoustic Theory of Speech Production", 1960. The result is a sequence of vowels and consonants,
not intelligible words: enough for a spectrogram that looks like speech and for pitch, level, tempo and timbre
to carry an emotion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE_HZ = 16_000
_HOP = 160
_N_FFT = 512
_WINDOW = np.hanning(2 * _HOP + 1)[:-1]
_PAUSE_S = (0.12, 0.25)

# Formants 1-3 in Hz of an adult man; Peterson and Barney, JASA 24 (1952), rounded.
_VOWELS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
    "y": (390, 1990, 2550),
    "m": (280, 1000, 2200),
    "n": (280, 1500, 2500),
    "l": (360, 1050, 2700),
    "r": (330, 1150, 1650),
    "w": (300, 650, 2200),
    "v": (300, 1100, 2300),
}
# Duration in s, voicing, noise, and centre of the noise band in Hz.
_SOUNDS = {
    "vowel": (0.105, 1.0, 0.0, 2500.0),
    "sonorant": (0.060, 0.45, 0.0, 2500.0),
    "fricative": (0.085, 0.0, 0.5, 5500.0),
    "aspirate": (0.065, 0.0, 0.2, 3000.0),
    "closure": (0.045, 0.0, 0.0, 3000.0),
    "burst": (0.020, 0.0, 0.8, 3500.0),
    "pause": (0.025, 0.0, 0.0, 3000.0),
}
_BANDWIDTHS_HZ = (80.0, 100.0, 140.0)
_UPPER_HZ = (3500.0, 4500.0, 5500.0, 6500.0, 7500.0)
"""Formants 4-8, constant; without them the voice would have no energy above 4 kHz."""
_MAX_SENTENCE_S = 1.8
"""Longer sentences are spoken faster."""


@dataclass(frozen=True, kw_only=True)
class VoiceParameters:
    """Parameters of a voice.

    Attributes:
        f0_hz: mean fundamental frequency.
        range_st: range of the pitch accents, in semitones.
        slope_st: change of pitch from beginning to end, in semitones.
        tempo: speaking rate; 1 is calm reading.
        level_db: level of the voice, in dB re full scale.
        tilt_db: spectral tilt in dB per octave, relative to 500 Hz.
        breath: share of noise in the voice, 0 to 1.
        jitter: relative standard deviation of the glottal period.
        tremor_st: depth of a 6 Hz vibrato, in semitones.
        tract: relative length of the vocal tract; about 1 for men, 0.85 for women.
        opening: factor on the first formant; it grows with the opening of the mouth.
    """

    f0_hz: float
    range_st: float
    slope_st: float
    tempo: float
    level_db: float
    tilt_db: float
    breath: float
    jitter: float
    tremor_st: float
    tract: float
    opening: float


def synthesize(text: str, voice: VoiceParameters, *, rng: np.random.Generator) -> NDArray[np.float32]:
    """Synthesize a sentence.

    Args:
        text: each letter becomes one or two sounds.
        voice: parameters of the voice.
        rng: random generator for pauses, glottal periods and noise.

    Returns:
        Samples at 16 kHz, within ±1 [shape=(n,)].

    >>> voice = VoiceParameters(
    ...     f0_hz=120, range_st=3, slope_st=-2, tempo=1, level_db=-20, tilt_db=0, breath=0.05,
    ...     jitter=0.01, tremor_st=0, tract=1, opening=1,
    ... )
    >>> 1.0 < len(synthesize("Don't forget a jacket.", voice, rng=np.random.default_rng(0))) / RATE_HZ < 3.0
    True
    """
    formants, voicing, noise, noise_hz, accent = _trajectories(text, voice, rng)
    frames = len(voicing)
    pitch_hz = _pitch(accent, voice, rng)
    white = rng.standard_normal(frames * _HOP)
    source = _pulses(pitch_hz, voicing, voice.jitter, rng) + 0.5 * voice.breath * white * _per_sample(voicing)
    frequencies = np.fft.rfftfreq(_N_FFT, 1 / RATE_HZ)
    tilt = 10 ** (voice.tilt_db * np.log2(np.maximum(frequencies, 250) / 500) / 20)
    voiced = _filtered(source, _tract(formants, voice.tract, frequencies) * tilt)
    band = np.exp(-0.5 * ((frequencies - noise_hz[:, None]) / 1500) ** 2)
    consonants = _filtered(white * _per_sample(noise), band)
    # The level refers to the voiced sounds; unvoiced ones are relative to it, background noise is not.
    level = 10 ** (voice.level_db / 20)
    voiced *= level / (np.sqrt(np.mean(voiced**2)) + 1e-12)
    consonants *= 0.25 * level / (np.sqrt(np.mean(consonants**2)) + 1e-12)
    sound = voiced + consonants + 10 ** (-62 / 20) * rng.standard_normal(len(voiced))
    sound *= min(1.0, 0.9 / np.abs(sound).max())
    return sound.astype(np.float32)


def _sounds_of(text: str) -> list[tuple[str, str]]:
    """The sounds of a text as (kind, letter); doubled letters count once."""
    sounds: list[tuple[str, str]] = []
    previous = ""
    for letter in text.lower():
        if letter == previous:
            continue
        previous = letter
        if letter in "aeiouy":
            sounds.append(("vowel", letter))
        elif letter in "mnlrwv":
            sounds.append(("sonorant", letter))
        elif letter in "sxzcj":
            sounds.append(("fricative", "i"))
        elif letter in "fh":
            sounds.append(("aspirate", "a"))
        elif letter in "tkpbdgq":
            sounds += [("closure", "e"), ("burst", "e")]
        elif letter == " ":
            sounds.append(("pause", "e"))
    return sounds


def _trajectories(
    text: str, voice: VoiceParameters, rng: np.random.Generator
) -> tuple[Array, Array, Array, Array, Array]:
    """Formants [shape=(frames, 3)], voicing, noise, noise band, accent [shape=(frames,)], every 10 ms."""
    sounds = _sounds_of(text)
    kinds = [_SOUNDS[kind] for kind, _ in sounds]
    lengths_s = np.array([kind[0] for kind in kinds])
    lengths_s *= (
        min(1.0, _MAX_SENTENCE_S / lengths_s.sum()) * rng.uniform(0.85, 1.15, len(kinds)) / voice.tempo
    )
    lengths_s[-3:] *= 1.3
    before, after = rng.uniform(*_PAUSE_S, 2)
    edges = np.concatenate([[0.0, before], before + np.cumsum(lengths_s)])
    total = edges[-1] + after
    times = np.arange(int(total * RATE_HZ / _HOP)) * _HOP / RATE_HZ
    centres = (edges[1:-1] + edges[2:]) / 2

    targets = np.array([_VOWELS[letter] for _, letter in sounds], dtype=np.float64)
    targets[:, 0] *= voice.opening
    formants = np.stack([np.interp(times, centres, column) for column in targets.T / voice.tract], axis=1)

    which = np.searchsorted(edges[1:], times, side="right") - 1
    inside = (which >= 0) & (which < len(kinds))
    which = np.clip(which, 0, len(kinds) - 1)
    voicing = _smooth(np.where(inside, np.array([kind[1] for kind in kinds])[which], 0.0), 2)
    noise = _smooth(np.where(inside, np.array([kind[2] for kind in kinds])[which], 0.0), 1)
    noise_hz = np.array([kind[3] for kind in kinds])[which]
    stress = np.where([kind == "vowel" for kind, _ in sounds], rng.uniform(-1, 1, len(sounds)), 0.0)
    accent = _smooth(stress[which] * inside, 12)
    return formants, voicing, noise, noise_hz, accent


def _pitch(accent: Array, voice: VoiceParameters, rng: np.random.Generator) -> Array:
    """Fundamental frequency of each frame in Hz [shape=(frames,)]."""
    frames = len(accent)
    course = np.linspace(0.5, -0.5, frames)
    vibrato = np.sin(2 * np.pi * (6 * np.arange(frames) * _HOP / RATE_HZ + rng.uniform()))
    semitones = voice.range_st * accent * 2 - voice.slope_st * course + voice.tremor_st * vibrato
    pitch: Array = voice.f0_hz * 2 ** (semitones / 12)
    return np.clip(pitch, 55, 600)


def _pulses(pitch_hz: Array, voicing: Array, jitter: float, rng: np.random.Generator) -> Array:
    """Derivative of the glottal flow (KLGLOTT88: Klatt and Klatt, JASA 87, 1990), period by period."""
    pitch = _per_sample(pitch_hz * (1 + jitter * rng.standard_normal(len(pitch_hz))))
    phase = np.cumsum(pitch / RATE_HZ)
    period = phase.astype(np.int64)
    within = phase - period
    size = 1 + 2 * jitter * rng.standard_normal(int(period[-1]) + 1)
    opened = 0.6
    flow = np.where(within < opened, 2 * within / opened - 3 * (within / opened) ** 2, 0.0)
    return flow * size[period] * _per_sample(voicing)


def _tract(formants: Array, length: float, frequencies: NDArray[Any]) -> Array:
    """Magnitude response of the vocal tract, a cascade of resonators [shape=(frames, bins)]."""
    square = frequencies**2

    def resonance(centre_hz: Array, width_hz: float) -> Array:
        peak = centre_hz**2
        gain: Array = peak / np.sqrt((peak - square) ** 2 + width_hz**2 * square)
        return gain

    gain = np.ones(len(frequencies))
    for centre in _UPPER_HZ:
        gain = gain * resonance(np.array(centre / length), 0.06 * centre)
    for column, width in zip(formants.T, _BANDWIDTHS_HZ, strict=True):
        gain = gain * resonance(column[:, None], width)
    return gain


def _filtered(samples: Array, gains: Array) -> Array:
    """Apply a magnitude response that changes from frame to frame, by overlap-add."""
    frames = len(gains)
    width = 2 * _HOP
    padded = np.pad(samples, (width // 2, width))
    windowed = np.lib.stride_tricks.sliding_window_view(padded, width)[::_HOP][:frames] * _WINDOW
    shaped = np.fft.irfft(np.fft.rfft(windowed, _N_FFT) * gains, _N_FFT)
    # Zero-phase responses wrap around: half of each precedes its window.
    shaped = np.roll(shaped, (_N_FFT - width) // 2, axis=1)
    steps = -(-_N_FFT // _HOP)
    shaped = np.pad(shaped, ((0, 0), (0, steps * _HOP - _N_FFT))).reshape(frames, steps, _HOP)
    summed = np.zeros((frames + steps, _HOP))
    for step in range(steps):
        summed[step : step + frames] += shaped[:, step]
    start = (_N_FFT - width) // 2 + width // 2
    return summed.ravel()[start : start + frames * _HOP]


def _per_sample(values: Array) -> Array:
    """Interpolate linearly from one value per frame to one per sample."""
    frames = len(values)
    return np.interp(np.arange(frames * _HOP) / _HOP, np.arange(frames), values)


def _smooth(values: Array, width: int) -> Array:
    window = np.hanning(width + 2)
    return np.convolve(values, window / window.sum(), mode="same")
