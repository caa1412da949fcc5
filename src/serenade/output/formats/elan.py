"""ELAN's annotations (EAF 3.0, https://www.mpi.nl/tools/elan/EAFv3.0.xsd).

There is the tier "emotion", or one for each speaker.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.output.segments import caption_of, speech_segments, tiers_of
from serenade.text import half_up, printable

_DATE = "1970-01-01T00:00:00+00:00"  # the format requires one; a fixed one makes equal runs equal

_MIME_TYPES = {".wav": "audio/x-wav", ".mp4": "video/mp4", ".mpg": "video/mpeg", ".mov": "video/quicktime"}


def write_elan(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield the header with the recording, the times, and the annotations of each tier."""
    # It imports urllib.request, which would take a twentieth of the time of a short command.
    from xml.sax.saxutils import escape, quoteattr

    for recording in recordings:
        file = recording[0].file or ""
        tiers = tiers_of(speech_segments(recording)) or {"emotion": []}
        mime = _MIME_TYPES.get(Path(file).suffix.lower(), "application/octet-stream")
        yield (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<ANNOTATION_DOCUMENT AUTHOR="serenade" DATE="{_DATE}" FORMAT="3.0" VERSION="3.0"\n'
            '  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"\n'
            '  xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">\n'
            '<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">\n'
            f'  <MEDIA_DESCRIPTOR MEDIA_URL={quoteattr(printable(file))} MIME_TYPE="{mime}"/>\n</HEADER>\n'
            "<TIME_ORDER>\n"
        )
        segments = [segment for tier in tiers.values() for segment in tier]
        for number, segment in enumerate(segments):
            for place, seconds in enumerate((segment.start, segment.end)):
                value = round(half_up(seconds, 3) * 1000)
                yield f'  <TIME_SLOT TIME_SLOT_ID="ts{2 * number + place + 1}" TIME_VALUE="{value}"/>\n'
        yield "</TIME_ORDER>\n"
        numbers = itertools.count()
        for name, spoken in tiers.items():
            yield f'<TIER LINGUISTIC_TYPE_REF="emotion" TIER_ID={quoteattr(name)}>\n'
            for segment, number in zip(spoken, numbers, strict=False):
                yield (
                    f'  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number + 1}" '
                    f'TIME_SLOT_REF1="ts{2 * number + 1}" TIME_SLOT_REF2="ts{2 * number + 2}">'
                    f"<ANNOTATION_VALUE>{escape(caption_of(segment))}</ANNOTATION_VALUE>"
                    "</ALIGNABLE_ANNOTATION></ANNOTATION>\n"
                )
            yield "</TIER>\n"
        yield (
            '<LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="emotion" '
            'TIME_ALIGNABLE="true"/>\n</ANNOTATION_DOCUMENT>\n'
        )


FORMATS.add(
    "elan",
    OutputFormat(
        name="elan",
        about="ELAN's annotations, one tier, or one for each speaker",
        suffixes=(".eaf",),
        write=write_elan,
        is_timeline=True,
        is_per_recording=True,
    ),
)
