"""A segment of sound at the model's rate, with its quality."""

from __future__ import annotations

from dataclasses import dataclass

from serenade.audio.level import is_clipped, level_dbfs
from serenade.audio.vad import SpeechDetector, speech_ratio
from serenade.inference.arrays import Waveform
from serenade.inference.prediction import Quality

MIN_SPEECH_S = 0.1
"""With less speech than this the state is "no_speech": a syllable takes about 0.2 s (Greenberg 1999)."""


@dataclass(frozen=True, eq=False)
class Segment:
    """Mono sound at the model's rate.

    Attributes:
        samples: [shape=(samples,)].
        quality: duration, speech, level, clipping.
    """

    samples: Waveform
    quality: Quality

    @property
    def speech_s(self) -> float:
        """Seconds of speech."""
        return self.quality.speech_ratio * self.quality.duration_s

    @property
    def has_speech(self) -> bool:
        """Whether there is enough speech for a prediction."""
        return self.speech_s >= MIN_SPEECH_S


def measure(
    samples: Waveform,
    *,
    rate_hz: int,
    source_rate_hz: int | None = None,
    warnings: tuple[str, ...] = (),
    detector: SpeechDetector | None = None,
) -> Segment:
    """Measure the quality of some sound.

    Args:
        samples: mono [shape=(samples,)].
        rate_hz: their rate.
        source_rate_hz: the rate of the recording, if it is known.
        warnings: what was found while the recording was decoded.
        detector: that of the recording whose next block this is; None if it is a whole recording.
    """
    ratio = speech_ratio(samples, rate_hz=rate_hz, detector=detector)
    speech_s = ratio * len(samples) / rate_hz
    quality = quality_of(
        samples, rate_hz=rate_hz, source_rate_hz=source_rate_hz, warnings=warnings, speech_s=speech_s
    )
    return Segment(samples, quality)


def quality_of(
    samples: Waveform,
    *,
    rate_hz: int,
    speech_s: float,
    source_rate_hz: int | None = None,
    warnings: tuple[str, ...] = (),
) -> Quality:
    """The quality of some sound whose speech is known.

    Args:
        samples: mono [shape=(samples,)], not empty.
        rate_hz: their rate.
        speech_s: seconds of speech.
        source_rate_hz: as for `measure`.
        warnings: as for `measure`.
    """
    duration_s = len(samples) / rate_hz
    return Quality(
        duration_s=duration_s,
        speech_ratio=min(1.0, speech_s / duration_s) if duration_s else 0.0,
        level_dbfs=level_dbfs(samples),
        clipped=is_clipped(samples),
        resampled_from_hz=None if source_rate_hz == rate_hz else source_rate_hz,
        warnings=warnings,
    )
