"""Praat's TextGrid (long text form) with one interval tier, "emotion"; intervals without speech are empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.output.segments import label_of, merged_segments
from serenade.text import half_up


def write_textgrid(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield the header, then one interval per segment, without gaps."""
    for recording in recordings:
        segments = [*merged_segments(recording)]
        if not segments:
            continue
        end = half_up(segments[-1].end, 3)
        yield (
            'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
            f"xmin = 0\nxmax = {end:.3f}\ntiers? <exists>\nsize = 1\nitem []:\n    item [1]:\n"
            '        class = "IntervalTier"\n        name = "emotion"\n'
            f"        xmin = 0\n        xmax = {end:.3f}\n        intervals: size = {len(segments)}\n"
        )
        for number, segment in enumerate(segments, 1):
            text = label_of(segment).replace('"', '""')
            yield (
                f"        intervals [{number}]:\n            xmin = {half_up(segment.start, 3):.3f}\n"
                f'            xmax = {half_up(segment.end, 3):.3f}\n            text = "{text}"\n'
            )


FORMATS.add(
    "textgrid",
    OutputFormat(
        name="textgrid",
        about="Praat's TextGrid, one tier",
        suffixes=(".TextGrid",),
        write=write_textgrid,
        is_timeline=True,
        is_per_recording=True,
    ),
)
