"""What a model predicts for a recording, or for a segment of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from serenade.domain import LIMIT
from serenade.errors import SerenadeError
from serenade.text import half_up

State = Literal["ok", "unsure", "no_speech"]

DIGITS = 4
"""Decimals of a score in JSON and tables; no model is more precise."""

TINY = 1e-30
"""Least probability of a label where others are left out."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The quality of a recording, or of a segment of it.

    Attributes:
        duration_s: length in seconds.
        speech_ratio: share of the time with speech, 0 to 1.
        level_dbfs: level relative to full scale, in dB; at least -120.
        clipped: whether the peaks are cut off.
        resampled_from_hz: the rate of the recording if it is not the model's, else None.
        warnings: what was found while it was decoded, a sentence each: that the file is cut short, a silent
            track was skipped, a channel inverted. In a timeline the last segment has them.
    """

    duration_s: float
    speech_ratio: float
    level_dbfs: float
    clipped: bool
    resampled_from_hz: int | None = None
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; `warnings` only if there are any."""
        content = {
            "duration_s": half_up(self.duration_s, 3),
            "speech_ratio": round(self.speech_ratio, 3),
            "level_dbfs": round(self.level_dbfs, 1),
            "clipped": self.clipped,
            "resampled_from_hz": self.resampled_from_hz,
        }
        return content | {"warnings": list(self.warnings)} if self.warnings else content


@dataclass(frozen=True, kw_only=True)
class ModelName:
    """The model of a prediction, and its licence."""

    name: str
    version: str
    license: str


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The emotion of the speech between `start` and `end`.

    Attributes:
        file: name of the recording; None for an array, bytes or a text.
        start: start of the segment in seconds.
        end: its end in seconds.
        scores: calibrated probability by emotion, highest first, with sum 1; empty if there is no speech.
        state: "ok"; "unsure": the confidence is below the model's threshold, or the sound is unlike its
            training data; or "no_speech".
        quality: of the recording.
        model: the model that predicted.
        adaptation: how far it was corrected by other clips of the speaker, 0 to 1
            (`serenade.adaptation.Speaker.trust`); 0 if there were too few of them or they were too similar;
            None if no speaker was named.
        speaker: the name of who speaks; None if it is not known.
        domain_distance: how unlike the training data the sound is (`serenade.domain`). Above 1 the state is
            "unsure", and the confidence is lowered. None if the model has no such check, or if the prediction
            was adapted to the speaker.

    >>> from serenade import load_model
    >>> prediction = load_model("model.onnx").predict("call.wav")
    >>> prediction.emotion, prediction.state, len(prediction.scores)
    ('sadness', 'ok', 4)
    >>> sorted(prediction.to_dict())
    ['confidence', 'emotion', 'end', 'file', 'model', 'quality', 'scores', 'start', 'state']
    """

    file: str | None
    start: float
    end: float
    scores: Mapping[str, float]
    state: State
    quality: Quality
    model: ModelName
    adaptation: float | None = None
    speaker: str | None = None
    domain_distance: float | None = None

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
        adaptation: float | None = None,
        speaker: str | None = None,
        domain_distance: float | None = None,
    ) -> Prediction:
        """Sort the scores, divide them by their sum, and set the state.

        Args:
            scores: probability by emotion in any order; empty if there is no speech.
            quality: of the recording.
            model: the model that predicted.
            end: end of the segment in seconds.
            start: its start in seconds.
            file: name of the recording.
            unsure_below: the state is "unsure" if the highest score is below this.
            adaptation: see the attribute.
            speaker: see the attribute.
            domain_distance: see the attribute.

        >>> quality = Quality(duration_s=2.5, speech_ratio=0.8, level_dbfs=-23.0, clipped=False)
        >>> model = ModelName(name="toy", version="1", license="MIT")
        >>> prediction = Prediction.of({"neutral": 0.3, "anger": 0.7}, quality=quality, model=model, end=2.5)
        >>> prediction.emotion, prediction.confidence, prediction.state
        ('anger', 0.7, 'ok')
        """
        total = math.fsum(scores.values())
        ranked = {
            label: score / total for label, score in sorted(scores.items(), key=lambda s: (-s[1], s[0]))
        }
        state: State = "no_speech"
        if ranked:
            is_outside = domain_distance is not None and domain_distance > LIMIT
            state = "unsure" if is_outside or max(ranked.values()) < unsure_below else "ok"
        return cls(
            file=file,
            start=start,
            end=end,
            scores=ranked,
            state=state,
            quality=quality,
            model=model,
            adaptation=adaptation,
            speaker=speaker,
            domain_distance=domain_distance,
        )

    @property
    def emotion(self) -> str | None:
        """The most probable emotion, also if the state is "unsure"; None if there is no speech."""
        return next(iter(self.scores), None)

    @property
    def confidence(self) -> float | None:
        """Calibrated probability of `emotion`; None if there is no speech."""
        return next(iter(self.scores.values()), None)

    def with_warnings(self, warnings: Sequence[str]) -> Prediction:
        """The same prediction with these warnings added to those of its quality."""
        quality = replace(self.quality, warnings=(*self.quality.warnings, *warnings))
        return replace(self, quality=quality)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; the scores have four decimals and still sum to 1.

        `speaker`, `adaptation` and `domain_distance` only if they are not None.
        """
        scores = _rounded(self.scores)
        content = {
            "file": self.file,
            "start": half_up(self.start, 3),
            "end": half_up(self.end, 3),
            "emotion": self.emotion,
            "confidence": next(iter(scores.values()), None),
            "state": self.state,
            "scores": [{"label": label, "score": score} for label, score in scores.items()],
            "quality": self.quality.to_dict(),
            "model": asdict(self.model),
        }
        if self.speaker is not None:
            content["speaker"] = self.speaker
        others = {"adaptation": self.adaptation, "domain_distance": self.domain_distance}
        return content | {name: round(value, 3) for name, value in others.items() if value is not None}


def restricted(scores: Mapping[str, float], labels: Collection[str] | None) -> dict[str, float]:
    """The scores of some labels; all of them for None. `Prediction.of` divides them by their sum.

    >>> restricted({"anger": 0.2, "calm": 0.7, "fear": 0.1}, ["anger", "fear"])
    {'anger': 0.2, 'fear': 0.1}
    """
    if labels is None:
        return dict(scores)
    # In float32 all of them can be zero, which has no sum to divide by.
    return {label: max(score, TINY) for label, score in scores.items() if label in labels}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A recording that cannot be decoded, and why.

    Attributes:
        file: its name; "" for bytes.
        error: what is wrong with it, and what to do.

    >>> from serenade import load_model
    >>> (failure,) = load_model("model.onnx").predict_files(["gone.wav"])
    >>> failure.file, failure.error.message
    ('gone.wav', 'there is no such file; check the path')
    """

    file: str
    error: SerenadeError

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: `{"file", "error": {"code", "message", "file"}}`."""
        return {"file": self.file, **self.error.to_dict()}


def _rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores rounded to `DIGITS` decimals by largest remainder: sum and order stay the same."""
    unit = 10**DIGITS
    whole = {label: math.floor(score * unit) for label, score in scores.items()}
    left = unit - sum(whole.values()) if whole else 0
    by_remainder = sorted(scores, key=lambda label: (whole[label] - scores[label] * unit, -scores[label]))
    for label in by_remainder[:left]:
        whole[label] += 1
    return {
        label: count / unit for label, count in sorted(whole.items(), key=lambda s: (-s[1], -scores[s[0]]))
    }
