"""Counting the answers of a run, so that nothing happens in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from serenade.inference.prediction import Failure, Prediction


class Tally:
    """Counts recordings as they pass.

    Attributes:
        answered: recordings with an answer, be it that there is no speech.
        failed: reasons by file of those that cannot be read.

    >>> tally = Tally(rate_hz=16_000)
    >>> str(tally)
    'nothing answered'
    """

    def __init__(self, *, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.answered = 0
        self.unsure = 0
        self.no_speech = 0
        self.resampled = 0
        self.failed: dict[str, str] = {}

    def counted(
        self, recordings: Iterable[Sequence[Prediction | Failure]]
    ) -> Iterator[Sequence[Prediction | Failure]]:
        """Pass the answers on, recording by recording."""
        for recording in recordings:
            for result in recording:
                if isinstance(result, Failure):
                    self.failed[result.file] = result.error.message
            predictions = [result for result in recording if isinstance(result, Prediction)]
            states = {prediction.state for prediction in predictions}
            self.answered += bool(predictions)
            self.unsure += "unsure" in states
            self.no_speech += states == {"no_speech"}
            self.resampled += any(prediction.quality.resampled_from_hz for prediction in predictions)
            yield recording

    def add_earlier(self, count: int, *, failed: Mapping[str, str]) -> None:
        """Count what an interrupted run had answered already."""
        self.answered += count - len(failed)
        self.failed.update(failed)

    def __str__(self) -> str:
        parts = [f"{self.answered:,} answered" if self.answered else "nothing answered"]
        if self.unsure:
            parts.append(f"{self.unsure:,} unsure")
        if self.no_speech:
            parts.append(f"{self.no_speech:,} without speech")
        if self.resampled:
            parts.append(f"{self.resampled:,} resampled to {self.rate_hz} Hz")
        if self.failed:
            parts.append(f"{len(self.failed):,} not readable")
        return ", ".join(parts)
