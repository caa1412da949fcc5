"""Counts of what a run predicted, skipped and could not read, so that nothing happens in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from serenade.inference.prediction import Failure, Prediction
from serenade.output.format import Recording


@dataclass(frozen=True, kw_only=True)
class RecordingCounts:
    """The counts of one recording.

    Attributes:
        segments: predictions for it.
        unsure: those below the confidence threshold.
        no_speech: those without speech.
        adapted: those that were corrected by other clips of the speaker.
        not_adapted: those of a speaker with too few clips, or too similar ones.
        is_resampled: its rate is not the model's.
        error: why it could not be read, else "".
        warnings: what was found while it was decoded.
    """

    segments: int = 0
    unsure: int = 0
    no_speech: int = 0
    adapted: int = 0
    not_adapted: int = 0
    is_resampled: bool = False
    error: str = ""
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, recording: Recording) -> RecordingCounts:
        """Count one recording."""
        predictions = [result for result in recording if isinstance(result, Prediction)]
        errors = [result.error.message for result in recording if isinstance(result, Failure)]
        states = [prediction.state for prediction in predictions]
        warnings = [warning for prediction in predictions for warning in prediction.quality.warnings]
        return cls(
            segments=len(predictions),
            unsure=states.count("unsure"),
            no_speech=states.count("no_speech"),
            adapted=sum(bool(prediction.adaptation) for prediction in predictions),
            not_adapted=sum(prediction.adaptation == 0 for prediction in predictions),
            is_resampled=any(prediction.quality.resampled_from_hz for prediction in predictions),
            error=errors[0] if errors else "",
            warnings=tuple(dict.fromkeys(warnings)),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


class PredictionCounts:
    """The counts of all recordings of a run.

    Args:
        unit: what is predicted, "recording" or "utterance".
        is_timeline: predictions are segments of a timeline.
        has_speakers: predictions are adapted to speakers, so that it matters which are not.
        rate_hz: the model's rate.

    Attributes:
        predicted: recordings with a prediction.
        earlier: recordings among all that an earlier run had done.
        failed: reasons by file of those that could not be read.
        warnings: warnings by file of those that have any.

    >>> counts = PredictionCounts(rate_hz=16_000, is_timeline=True)
    >>> counts.add("call.wav", RecordingCounts(segments=800, unsure=34))
    >>> str(counts)
    '1 recording predicted in 800 segments (34 unsure)'
    """

    def __init__(
        self,
        *,
        rate_hz: int,
        unit: str = "recording",
        is_timeline: bool = False,
        has_speakers: bool = False,
    ) -> None:
        self.unit, self.is_timeline, self.rate_hz, self.has_speakers = (
            unit,
            is_timeline,
            rate_hz,
            has_speakers,
        )
        self.adapted = self.not_adapted = 0
        self.predicted = self.earlier = 0
        self.segments = self.unsure = self.no_speech = self.resampled = 0
        self.failed: dict[str, str] = {}
        self.warnings: dict[str, str] = {}

    def add(self, file: str, counts: RecordingCounts, *, is_earlier: bool = False) -> None:
        """Add the counts of one recording."""
        self.earlier += is_earlier
        if counts.error:
            self.failed[file] = counts.error
        if counts.warnings:
            self.warnings[file] = "; ".join(counts.warnings)
        self.predicted += bool(counts.segments)
        self.segments += counts.segments
        self.unsure += counts.unsure
        self.no_speech += counts.no_speech
        self.adapted += counts.adapted
        self.not_adapted += counts.not_adapted
        self.resampled += counts.is_resampled

    def counted(self, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """Pass recordings on, and count them."""
        for recording in recordings:
            self.add(recording[0].file or "array", RecordingCounts.of(recording))
            yield recording

    def __str__(self) -> str:
        states = [(self.unsure, "unsure"), (self.no_speech, "without speech")]
        if self.has_speakers:
            states += [
                (self.adapted, "adapted to their speaker"),
                (self.not_adapted, "not adapted: too few clips or too similar ones"),
                (
                    self.segments - self.no_speech - self.adapted - self.not_adapted,
                    "not adapted: without a speaker",
                ),
            ]
        details = ", ".join(f"{count:,} {state}" for count, state in states if count)
        if self.is_timeline and self.predicted:
            details = f" in {_number(self.segments, 'segment')}" + (f" ({details})" if details else "")
        elif details:
            details = f", {details}"
        done = f"{_number(self.predicted, self.unit)} predicted" if self.predicted else "nothing predicted"
        counts = [done + details]
        if self.resampled:
            counts.append(f"{self.resampled:,} resampled to {self.rate_hz} Hz")
        if self.warnings:
            counts.append(f"{len(self.warnings):,} with a warning")
        if self.failed:
            counts.append(f"{len(self.failed):,} not readable")
        if self.earlier:
            counts.append(f"{self.earlier:,} of these by an earlier run")
        return ", ".join(counts)


def _number(count: int, unit: str) -> str:
    return f"{count:,} {unit}" + ("" if count == 1 else "s")
