"""The recording conditions of a robustness evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from serenade.audio import effects
from serenade.audio.variants import change_speed
from serenade.inference.arrays import Waveform

SNRS_DB = (20, 10, 5, 0)
"""Levels of the speech above that of the noise."""

BABBLE_VOICES = 5
"""Clips that are added to one babble noise."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What conditions add to a clip; all sound is mono, at `rate_hz`.

    Attributes:
        rate_hz: sample rate.
        voices: other clips, with the name of their speaker; babble is made from them.
        noises: recorded noises; empty for none.
        rooms: room impulse responses; empty for a synthetic one of 0.5 s.
    """

    rate_hz: int
    voices: Sequence[tuple[str, Waveform]]
    noises: Sequence[Waveform] = field(default=())
    rooms: Sequence[Waveform] = field(default=())

    def babble(self, n: int, *, speaker: str, rng: np.random.Generator) -> Waveform:
        """Return the sum of several voices of other speakers at one level [shape=(n,)].

        Args:
            n: number of samples.
            speaker: whose voice is not used, unless there is no other.
            rng: generator of the choice and of the offsets.
        """
        others = [samples for name, samples in self.voices if name != speaker and len(samples)]
        others = others or [samples for _, samples in self.voices if len(samples)]
        total = np.zeros(n, np.float32)
        for number in rng.permutation(len(others))[:BABBLE_VOICES]:
            voice = others[number]
            start = int(rng.integers(len(voice)))
            level = float(np.sqrt(np.mean(np.square(voice, dtype=np.float64))))
            if level:
                cut = np.take(voice, np.arange(start, start + n), mode="wrap")
                total += cut / np.float32(level)
        return total


Change = Callable[[Waveform, Surroundings, str, np.random.Generator], Waveform]
"""From a clip, the surroundings, the clip's speaker and a generator to the changed clip."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A recording condition.

    Attributes:
        name: in `robustness.json`, such as "babble_10db".
        title: in tables and figures, such as "babble".
        apply: makes a clip in this condition.
        snr_db: signal-to-noise ratio; None where there is no noise.
    """

    name: str
    title: str
    apply: Change
    snr_db: int | None = None


def conditions(*, has_noises: bool) -> list[Condition]:
    """Return all conditions, the clean recording first.

    Args:
        has_noises: whether there is recorded noise.

    >>> [condition.name for condition in conditions(has_noises=False)][:3]
    ['clean', 'white_20db', 'white_10db']
    """
    noises: list[tuple[str, str, Callable[..., Waveform]]] = [
        ("white", "white noise", _white),
        ("babble", "babble", _babble),
    ]
    if has_noises:
        noises.append(("noise", "recorded noise", _recorded))
    noisy = [
        Condition(name=f"{name}_{snr_db}db", title=title, apply=partial(add, snr_db=snr_db), snr_db=snr_db)
        for name, title, add in noises
        for snr_db in SNRS_DB
    ]
    others: list[tuple[str, str, Change]] = [
        ("room", "reverberation", _room),
        ("telephone", "telephone band", _effect(effects.band_limit)),
        ("level_down", "level −20 dB", _effect(effects.change_level, gain_db=-20.0)),
        ("level_up", "level +20 dB", _effect(effects.change_level, gain_db=20.0)),
        ("clipping", "5 % clipped", _effect(effects.clip, share=0.05)),
        ("mp3", "MP3, 20 kbit/s", _effect(effects.mp3)),
        ("opus", "Opus, 20 kbit/s", _effect(effects.opus)),
        ("slower", "speed −10 %", lambda samples, *_: change_speed(samples, 0.9)),
        ("faster", "speed +10 %", lambda samples, *_: change_speed(samples, 1.1)),
    ]
    clean = Condition(name="clean", title="clean", apply=lambda samples, *_: samples)
    return [clean, *noisy, *(Condition(name=name, title=title, apply=apply) for name, title, apply in others)]


def _effect(effect: Callable[..., Waveform], **strength: float) -> Change:
    def apply(samples: Waveform, around: Surroundings, _: str, rng: np.random.Generator) -> Waveform:
        return effect(samples, rate_hz=around.rate_hz, rng=rng, **strength)

    return apply


def _white(
    samples: Waveform, around: Surroundings, _: str, rng: np.random.Generator, *, snr_db: int
) -> Waveform:
    return effects.white_noise(samples, rate_hz=around.rate_hz, rng=rng, snr_db=snr_db)


def _babble(
    samples: Waveform, around: Surroundings, speaker: str, rng: np.random.Generator, *, snr_db: int
) -> Waveform:
    noise = around.babble(len(samples), speaker=speaker, rng=rng)
    return effects.add_noise(samples, noise, snr_db=snr_db, rng=rng)


def _recorded(
    samples: Waveform, around: Surroundings, _: str, rng: np.random.Generator, *, snr_db: int
) -> Waveform:
    noise = around.noises[int(rng.integers(len(around.noises)))]
    return effects.add_noise(samples, noise, snr_db=snr_db, rng=rng)


def _room(samples: Waveform, around: Surroundings, _: str, rng: np.random.Generator) -> Waveform:
    response = around.rooms[int(rng.integers(len(around.rooms)))] if around.rooms else None
    return effects.reverberation(samples, rate_hz=around.rate_hz, rng=rng, response=response)
