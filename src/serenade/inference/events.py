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
        return _to_dict("result", self)


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
        return _to_dict("utterance.end", self)


def _to_dict(name: str, event: Result | UtteranceEnd) -> dict[str, Any]:
    return {
        "event": name,
        "utterance": event.utterance,
        "time": half_up(event.time, 3),
        "prediction": event.prediction.to_dict(),
    }


Event = UtteranceStart | Result | UtteranceEnd
