"""WebVTT captions (https://www.w3.org/TR/webvtt1/); there is no caption where nobody speaks."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.output.segments import caption_of, clock, speech_segments
from serenade.text import printable


def write_vtt(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield the header, then one caption per segment with speech."""
    yield "WEBVTT\n"
    for recording in recordings:
        for segment in speech_segments(recording):
            times = f"{clock(segment.start, point='.')} --> {clock(segment.end, point='.')}"
            text = html.escape(caption_of(segment), quote=False)
            if segment.speaker:
                text = f"<v {html.escape(printable(segment.speaker), quote=False)}>{text}"
            yield f"\n{times}\n{text}\n"


FORMATS.add(
    "vtt",
    OutputFormat(
        name="vtt",
        about="WebVTT captions",
        suffixes=(".vtt",),
        write=write_vtt,
        is_timeline=True,
        is_per_recording=True,
    ),
)
