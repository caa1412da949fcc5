"""The answer about one recording, or one stretch of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from serenade.errors import SerenadeError

State = Literal["ok", "unsure", "no_speech"]

DIGITS = 4
"""Decimals of a score in JSON and tables; finer ones would claim a precision that no model has."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How good the recording is.

    Attributes:
        duration_s: length in seconds.
        speech_ratio: share of the time with speech in it, 0 to 1.
        level_dbfs: level relative to full scale, in dB; -120 at the least.
        clipped: whether the peaks are cut off.
        resampled_from_hz: the rate of the source where it differs from the model's, else None.
    """

    duration_s: float
    speech_ratio: float
    level_dbfs: float
    clipped: bool
    resampled_from_hz: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "duration_s": round(self.duration_s, 3),
            "speech_ratio": round(self.speech_ratio, 3),
            "level_dbfs": round(self.level_dbfs, 1),
            "clipped": self.clipped,
            "resampled_from_hz": self.resampled_from_hz,
        }


@dataclass(frozen=True, kw_only=True)
class ModelName:
    """Which model gave an answer, and under which licence."""

    name: str
    version: str
    license: str


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The emotion heard between `start` and `end`.

    Attributes:
        file: path of the recording; None for an array.
        start: begin of the stretch in seconds.
        end: its end in seconds.
        scores: probability by emotion, highest first, summing to 1; empty if there is no speech.
        state: "ok"; "unsure", the confidence is below the model's threshold; or "no_speech".
        quality: how good the recording is.
        model: which model answered.

    >>> quality = Quality(duration_s=2.5, speech_ratio=0.8, level_dbfs=-23.0, clipped=False)
    >>> model = ModelName(name="toy", version="1", license="MIT")
    >>> answer = Prediction.of({"neutral": 0.3, "anger": 0.7}, quality=quality, model=model, end=2.5)
    >>> answer.emotion, answer.confidence, answer.state
    ('anger', 0.7, 'ok')
    >>> answer.to_dict()["scores"]
    [{'label': 'anger', 'score': 0.7}, {'label': 'neutral', 'score': 0.3}]
    """

    file: str | None
    start: float
    end: float
    scores: Mapping[str, float]
    state: State
    quality: Quality
    model: ModelName

    @classmethod
    def of(
        cls,
        scores: Mapping[str, float],
        *,
        quality: Quality,
        model: ModelName,
        end: float,
        start: float = 0.0,
        file: str | None = None,
        unsure_below: float = 0.0,
    ) -> Prediction:
        """Sort the scores, bring them to a sum of 1 and name the state.

        Args:
            scores: probability by emotion in any order; empty means that there is no speech.
            quality: how good the recording is.
            model: which model answered.
            end: end of the stretch in seconds.
            start: its begin in seconds.
            file: path of the recording.
            unsure_below: a highest score below this makes the state "unsure".
        """
        total = math.fsum(scores.values())
        ranked = {
            label: score / total for label, score in sorted(scores.items(), key=lambda s: (-s[1], s[0]))
        }
        state: State = "no_speech"
        if ranked:
            state = "unsure" if max(ranked.values()) < unsure_below else "ok"
        return cls(file=file, start=start, end=end, scores=ranked, state=state, quality=quality, model=model)

    @property
    def emotion(self) -> str | None:
        """The likeliest emotion (also when unsure); None if there is no speech."""
        return next(iter(self.scores), None)

    @property
    def confidence(self) -> float | None:
        """Calibrated probability of `emotion`; None if there is no speech."""
        return next(iter(self.scores.values()), None)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, scores to four decimals and still summing to 1."""
        scores = _rounded(self.scores)
        return {
            "file": self.file,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "emotion": self.emotion,
            "confidence": next(iter(scores.values()), None),
            "state": self.state,
            "scores": [{"label": label, "score": score} for label, score in scores.items()],
            "quality": self.quality.to_dict(),
            "model": asdict(self.model),
        }


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A recording that could not be answered, and why."""

    file: str
    error: SerenadeError

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: `{"file", "error": {"code", "message", "file"}}`."""
        return {"file": self.file, **self.error.to_dict()}


def _rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores to `DIGITS` decimals by largest remainder, so that they still sum to 1 and keep their order."""
    unit = 10**DIGITS
    whole = {label: math.floor(score * unit) for label, score in scores.items()}
    left = unit - sum(whole.values()) if whole else 0
    by_remainder = sorted(scores, key=lambda label: (whole[label] - scores[label] * unit, -scores[label]))
    for label in by_remainder[:left]:
        whole[label] += 1
    return {
        label: count / unit for label, count in sorted(whole.items(), key=lambda s: (-s[1], -scores[s[0]]))
    }
