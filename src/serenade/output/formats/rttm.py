"""Rich Transcription Time Marked: one line per segment with speech (NIST RT-09, appendix A).

The field of the speaker's name holds the emotion, or SPEAKER/EMOTION. The field of the file holds the name of
the recording without folder and suffix, blanks as `_`. Where two recordings would have the same name, all get
their path from the folder that they share, with `_` between folders; where that is not enough, a number is
added.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from serenade.inference.prediction import Prediction
from serenade.output.format import FORMATS, Layout, OutputFormat, Recording
from serenade.output.paths import shared_folder
from serenade.output.segments import label_of, speech_segments
from serenade.text import half_up, printable


def write_rttm(recordings: Iterable[Recording], layout: Layout) -> Iterator[str]:
    """Yield one line per segment with speech."""
    names = recording_names(layout.files)
    for recording in recordings:
        for segment in speech_segments(recording):
            file = segment.file or "array"
            start, end = half_up(segment.start, 3), half_up(segment.end, 3)
            yield (
                f"SPEAKER {names.get(file, _field(Path(file).stem))} 1 {start:.3f} "
                f"{end - start:.3f} <NA> <NA> {_name_of(segment)} "
                f"{segment.confidence or 0:.4f} <NA>\n"
            )


def recording_names(files: Sequence[str]) -> dict[str, str]:
    """Return a name for each recording, different from all others and the same in every run.

    >>> recording_names(["calls/a.wav", "calls/b.wav"])
    {'calls/a.wav': 'a', 'calls/b.wav': 'b'}
    >>> recording_names(["calls/mon/a.wav", "calls/tue/a.wav"])
    {'calls/mon/a.wav': 'mon_a', 'calls/tue/a.wav': 'tue_a'}
    """
    names = {file: _field(Path(file).stem) for file in files}
    if len(set(names.values())) == len(names):
        return names
    shared = shared_folder(files)
    inner = {file: Path(os.path.relpath(file, shared)) for file in files}
    wanted = {file: _field("_".join(path.with_suffix("").parts)) for file, path in inner.items()}
    taken: set[str] = set()
    for file, name in wanted.items():
        number, names[file] = 1, name
        while names[file] in taken:
            number += 1
            names[file] = f"{name}_{number}"
        taken.add(names[file])
    return names


def _name_of(segment: Prediction) -> str:
    label = _field(label_of(segment))
    return f"{_field(segment.speaker)}/{label}" if segment.speaker else label


def _field(text: str) -> str:
    """Fields are separated by blanks, so a field holds none."""
    return "_".join(printable(text).split()) or "_"


FORMATS.add(
    "rttm",
    OutputFormat(
        name="rttm",
        about="Rich Transcription Time Marked",
        suffixes=(".rttm",),
        write=write_rttm,
        is_timeline=True,
    ),
)
