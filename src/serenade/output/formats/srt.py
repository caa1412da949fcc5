"""SubRip captions; there is no caption where nobody speaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.output.segments import caption_of, clock, speech_segments, spoken_by


def write_srt(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield one caption per segment with speech, numbered from 1."""
    number = 0
    for recording in recordings:
        for segment in speech_segments(recording):
            gap = "\n" if number else ""
            number += 1
            times = f"{clock(segment.start, point=',')} --> {clock(segment.end, point=',')}"
            yield f"{gap}{number}\n{times}\n{spoken_by(segment)}{caption_of(segment)}\n"


FORMATS.add(
    "srt",
    OutputFormat(
        name="srt",
        about="SubRip captions",
        suffixes=(".srt",),
        write=write_srt,
        is_timeline=True,
        is_per_recording=True,
    ),
)
