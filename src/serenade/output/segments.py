"""Neighbouring segments of the same emotion as one, for captions and annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serenade.inference.aggregate import merge_neighbours
from serenade.inference.prediction import Prediction
from serenade.output.format import Recording
from serenade.text import half_up, printable


def merged_segments(recording: Recording) -> Iterator[Prediction]:
    """Yield the segments of a recording, neighbours of the same emotion and state as one."""
    return merge_neighbours(result for result in recording if isinstance(result, Prediction))


def speech_segments(recording: Recording) -> Iterator[Prediction]:
    """Yield the merged segments that hold speech."""
    return (segment for segment in merged_segments(recording) if segment.state != "no_speech")


def label_of(segment: Prediction) -> str:
    """Return the emotion, "unsure" below the confidence threshold, or "" without speech."""
    names = {"ok": segment.emotion or "", "unsure": "unsure", "no_speech": ""}
    return printable(names[segment.state])


def caption_of(segment: Prediction) -> str:
    """Return the emotion with its confidence, and a question mark below the threshold."""
    mark = "" if segment.state == "ok" else "?"
    return f"{printable(segment.emotion)}{mark} {segment.confidence:.0%}"


def spoken_by(segment: Prediction) -> str:
    """Return the name of the speaker with a colon, or "" if it is not known."""
    return f"{printable(segment.speaker)}: " if segment.speaker else ""


def tiers_of(segments: Iterable[Prediction]) -> dict[str, list[Prediction]]:
    """Return the segments of each tier of an annotation: "emotion", or one tier for each speaker.

    A segment of no known speaker belongs to the tier "emotion".
    """
    tiers: dict[str, list[Prediction]] = {}
    for segment in segments:
        name = f"emotion {printable(segment.speaker)}" if segment.speaker else "emotion"
        tiers.setdefault(name, []).append(segment)
    return tiers


def clock(seconds: float, *, point: str) -> str:
    """Return a time as `hours:minutes:seconds` with milliseconds after `point`.

    >>> clock(3661.25, point=",")
    '01:01:01,250'
    """
    milliseconds = round(half_up(seconds, 3) * 1000)
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{rest:03}"
