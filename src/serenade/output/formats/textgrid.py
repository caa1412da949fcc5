"""Praat's TextGrid (long text form): the interval tier "emotion", or one for each speaker.

Intervals without speech are empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from serenade.inference.prediction import Prediction
from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.output.segments import label_of, merged_segments, speech_segments, tiers_of
from serenade.text import half_up


def write_textgrid(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield the header, then the intervals of each tier, without gaps."""
    for recording in recordings:
        segments = [*merged_segments(recording)]
        if not segments:
            continue
        end = half_up(segments[-1].end, 3)
        tiers = tiers_of(speech_segments(recording)) or {"emotion": []}
        yield (
            'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
            f"xmin = 0\nxmax = {end:.3f}\ntiers? <exists>\nsize = {len(tiers)}\nitem []:\n"
        )
        for number, (name, spoken) in enumerate(tiers.items(), 1):
            yield from _tier(number, name, spoken, end=end)


def _tier(number: int, name: str, segments: Sequence[Prediction], *, end: float) -> Iterator[str]:
    intervals = [*_without_gaps(segments, end=end)]
    yield (
        f'    item [{number}]:\n        class = "IntervalTier"\n        name = "{_quoted(name)}"\n'
        f"        xmin = 0\n        xmax = {end:.3f}\n        intervals: size = {len(intervals)}\n"
    )
    for place, (start, stop, text) in enumerate(intervals, 1):
        yield (
            f"        intervals [{place}]:\n            xmin = {start:.3f}\n"
            f'            xmax = {stop:.3f}\n            text = "{_quoted(text)}"\n'
        )


def _without_gaps(segments: Iterable[Prediction], *, end: float) -> Iterator[tuple[float, float, str]]:
    """The start, end and text of intervals up to the end of the recording."""
    at = 0.0
    for segment in segments:
        start, stop = half_up(segment.start, 3), half_up(segment.end, 3)
        if at < start:
            yield at, start, ""
        yield start, stop, label_of(segment)
        at = stop
    if at < end:
        yield at, end, ""


def _quoted(text: str) -> str:
    return text.replace('"', '""')


FORMATS.add(
    "textgrid",
    OutputFormat(
        name="textgrid",
        about="Praat's TextGrid, one tier, or one for each speaker",
        suffixes=(".TextGrid",),
        write=write_textgrid,
        is_timeline=True,
        is_per_recording=True,
    ),
)
