"""Audacity's label track: start, end and text, between tabs (https://manual.audacityteam.org)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.output.segments import caption_of, speech_segments, spoken_by
from serenade.text import half_up


def write_audacity(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield one line per segment with speech."""
    for recording in recordings:
        for segment in speech_segments(recording):
            start, end = half_up(segment.start, 3), half_up(segment.end, 3)
            yield f"{start:.3f}\t{end:.3f}\t{spoken_by(segment)}{caption_of(segment)}\n"


FORMATS.add(
    "audacity",
    OutputFormat(
        name="audacity",
        about="Audacity's label track",
        suffixes=(".labels",),
        write=write_audacity,
        is_timeline=True,
        is_per_recording=True,
    ),
)
