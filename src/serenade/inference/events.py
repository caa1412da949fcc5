"""What a stream reports: the start of an utterance, results while it lasts, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serenade.inference.prediction import Prediction
from serenade.text import half_up


@dataclass(frozen=True, kw_only=True)
class UtteranceStart:
    """Somebody begins to speak.

    Attributes:
        utterance: number of the utterance in the stream, from 1.
        start: its start in seconds of the stream.
        time: seconds of the stream that had been processed when it was reported.
    """

    utterance: int
    start: float
    time: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; `event` is "utterance.start"."""
        return {
            "event": "utterance.start",
            "utterance": self.utterance,
            "start": half_up(self.start, 3),
            "time": half_up(self.time, 3),
        }


@dataclass(frozen=True, kw_only=True)
class Result:
    """A provisional prediction, for the last seconds of an utterance that goes on.

    Attributes:
        utterance: as in `UtteranceStart`.
        prediction: of the sound from its `start` to its `end`, in seconds of the stream.
        time: as in `UtteranceStart`.
    """

    utterance: int
    prediction: Prediction
    time: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; `event` is "result"."""
        return {
            "event": "result",
            "utterance": self.utterance,
            "time": half_up(self.time, 3),
            "prediction": self.prediction.to_dict(),
        }


@dataclass(frozen=True, kw_only=True)
class UtteranceEnd:
    """An utterance is over.

    Attributes:
        utterance: as in `UtteranceStart`.
        prediction: the final one, of the whole utterance.
        time: as in `UtteranceStart`.
    """

    utterance: int
    prediction: Prediction
    time: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; `event` is "utterance.end"."""
        return {
            "event": "utterance.end",
            "utterance": self.utterance,
            "time": half_up(self.time, 3),
            "prediction": self.prediction.to_dict(),
        }


Event = UtteranceStart | Result | UtteranceEnd
