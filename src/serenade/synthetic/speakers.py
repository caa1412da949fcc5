"""Speakers of the synthetic corpora: a voice each, and how an emotion changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from serenade.synthetic.synthesizer import VoiceParameters


@dataclass(frozen=True, kw_only=True)
class _EmotionEffect:
    """Changes of a neutral voice in an emotion; signs after Scherer, Speech Communication 40, 2003."""

    pitch_st: float = 0.0
    range_st: float = 0.0
    slope_st: float = 0.0
    tempo: float = 0.0
    level_db: float = 0.0
    tilt_db: float = 0.0
    breath: float = 0.0
    jitter: float = 0.0
    tremor_st: float = 0.0
    opening: float = 0.0


_EFFECTS = {
    "anger": _EmotionEffect(
        pitch_st=3, range_st=2, slope_st=-2, tempo=0.08, level_db=7, tilt_db=3.5, jitter=0.02, opening=0.12
    ),
    "disgust": _EmotionEffect(
        pitch_st=-2,
        range_st=0.5,
        slope_st=-2,
        tempo=-0.2,
        level_db=-1,
        tilt_db=-0.5,
        jitter=0.03,
        opening=-0.06,
    ),
    "fear": _EmotionEffect(
        pitch_st=5, range_st=-0.5, slope_st=1, tempo=0.2, level_db=1, tilt_db=0.5, breath=0.15, tremor_st=0.6
    ),
    "happiness": _EmotionEffect(
        pitch_st=4, range_st=3.5, slope_st=2, tempo=0.06, level_db=4, tilt_db=1.5, opening=0.08
    ),
    "neutral": _EmotionEffect(),
    "sadness": _EmotionEffect(
        pitch_st=-1,
        range_st=-1.5,
        slope_st=-1,
        tempo=-0.15,
        level_db=-6,
        tilt_db=-3,
        breath=0.25,
        opening=-0.08,
    ),
    "surprise": _EmotionEffect(
        pitch_st=6, range_st=4, slope_st=5, tempo=0.12, level_db=3, tilt_db=1, breath=0.05, opening=0.1
    ),
}


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """A synthetic speaker.

    Attributes:
        number: identifier.
        sex: "male" or "female".
        age: in years.
        voice: parameters of the neutral voice.
        expressiveness: factor on the effect of every emotion.
    """

    number: int
    sex: str
    age: int
    voice: VoiceParameters
    expressiveness: float


def make_speaker(number: int, rng: np.random.Generator) -> Speaker:
    """Draw a speaker at random; odd numbers are male, as in RAVDESS."""
    male = number % 2 == 1
    return Speaker(
        number=number,
        sex="male" if male else "female",
        age=int(rng.integers(20, 70)),
        expressiveness=rng.uniform(0.7, 1.25),
        voice=VoiceParameters(
            f0_hz=rng.uniform(95, 140) if male else rng.uniform(170, 235),
            range_st=rng.uniform(2.2, 3.6),
            slope_st=rng.uniform(-3, -1),
            tempo=rng.uniform(0.9, 1.1),
            level_db=rng.uniform(-27, -20),
            tilt_db=rng.uniform(-1.5, 1.0),
            breath=rng.uniform(0.03, 0.12),
            jitter=rng.uniform(0.006, 0.02),
            tremor_st=0.05,
            tract=rng.uniform(0.96, 1.06) if male else rng.uniform(0.82, 0.92),
            opening=rng.uniform(0.95, 1.05),
        ),
    )


def voice_with_emotion(
    speaker: Speaker, emotion: str, level: float, rng: np.random.Generator
) -> VoiceParameters:
    """Return the speaker's voice in an emotion, with random variation from clip to clip."""
    effect, voice = _EFFECTS[emotion], speaker.voice
    strength = speaker.expressiveness * level * float(np.clip(rng.normal(1.0, 0.35), 0.1, 1.8))
    semitones = strength * effect.pitch_st + rng.normal(0, 1.0)
    return replace(
        voice,
        f0_hz=voice.f0_hz * 2 ** (semitones / 12),
        range_st=max(0.5, voice.range_st + strength * effect.range_st + rng.normal(0, 0.7)),
        slope_st=voice.slope_st + strength * effect.slope_st + rng.normal(0, 1.0),
        tempo=float(np.clip(voice.tempo + strength * effect.tempo + rng.normal(0, 0.05), 0.7, 1.5)),
        level_db=min(-18.0, voice.level_db + strength * effect.level_db + rng.normal(0, 2.0)),
        tilt_db=voice.tilt_db + strength * effect.tilt_db + rng.normal(0, 1.0),
        breath=voice.breath + strength * effect.breath + abs(rng.normal(0, 0.03)),
        jitter=voice.jitter + strength * effect.jitter + abs(rng.normal(0, 0.004)),
        tremor_st=voice.tremor_st + strength * effect.tremor_st,
        opening=voice.opening * (1 + strength * effect.opening + rng.normal(0, 0.02)),
    )
