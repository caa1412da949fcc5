"""A timeline as captions (WebVTT, SubRip) and annotation tiers (RTTM, Praat's TextGrid).

Neighbours of the same emotion are joined. Captions and RTTM leave out where nobody speaks; a TextGrid tier
has no gaps, so there it stands as an empty interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from serenade.inference.prediction import Failure, Prediction
from serenade.inference.summary import merged

_Recordings = Iterable[Sequence[Prediction | Failure]]


def vtt(recordings: _Recordings, labels: Sequence[str]) -> Iterator[str]:
    """WebVTT captions, https://www.w3.org/TR/webvtt1/."""
    yield "WEBVTT\n"
    for recording in recordings:
        for stretch in _spoken(recording):
            yield f"\n{_clock(stretch.start, '.')} --> {_clock(stretch.end, '.')}\n{_caption(stretch)}\n"


def srt(recordings: _Recordings, labels: Sequence[str]) -> Iterator[str]:
    """SubRip captions, numbered from 1."""
    number = 0
    for recording in recordings:
        for stretch in _spoken(recording):
            gap = "\n" if number else ""
            number += 1
            times = f"{_clock(stretch.start, ',')} --> {_clock(stretch.end, ',')}"
            yield f"{gap}{number}\n{times}\n{_caption(stretch)}\n"


def rttm(recordings: _Recordings, labels: Sequence[str]) -> Iterator[str]:
    """Rich Transcription Time Marked: the emotion in the field of the speaker's name (NIST RT-09, app. A)."""
    for recording in recordings:
        for stretch in _spoken(recording):
            # The fields are separated by blanks, so a name cannot hold one.
            name = "_".join(Path(stretch.file or "array").stem.split())
            yield (
                f"SPEAKER {name} 1 {stretch.start:.3f} {stretch.end - stretch.start:.3f} "
                f"<NA> <NA> {_label(stretch)} {stretch.confidence or 0:.4f} <NA>\n"
            )


def textgrid(recordings: _Recordings, labels: Sequence[str]) -> Iterator[str]:
    """Praat's TextGrid (long text form) with one interval tier, "emotion"."""
    for recording in recordings:
        stretches = [*merged(part for part in recording if isinstance(part, Prediction))]
        if not stretches:
            continue
        end = stretches[-1].end
        yield (
            'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
            f"xmin = 0\nxmax = {end:.3f}\ntiers? <exists>\nsize = 1\nitem []:\n    item [1]:\n"
            '        class = "IntervalTier"\n        name = "emotion"\n'
            f"        xmin = 0\n        xmax = {end:.3f}\n        intervals: size = {len(stretches)}\n"
        )
        for number, stretch in enumerate(stretches, 1):
            yield (
                f"        intervals [{number}]:\n            xmin = {stretch.start:.3f}\n"
                f'            xmax = {stretch.end:.3f}\n            text = "{_label(stretch)}"\n'
            )


def _spoken(recording: Sequence[Prediction | Failure]) -> Iterator[Prediction]:
    predictions = (part for part in recording if isinstance(part, Prediction))
    return (stretch for stretch in merged(predictions) if stretch.state != "no_speech")


def _label(stretch: Prediction) -> str:
    """The emotion where the model is sure of one, "unsure" where not, "" without speech."""
    return {"ok": stretch.emotion or "", "unsure": "unsure", "no_speech": ""}[stretch.state]


def _caption(stretch: Prediction) -> str:
    confidence = f"{stretch.confidence:.0%}"
    return f"{stretch.emotion} {confidence}" if stretch.state == "ok" else f"{stretch.emotion}? {confidence}"


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{rest:03}"
