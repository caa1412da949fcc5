"""Checks of the rows of a corpus table: contradictions, repetitions and times outside the recording."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

_TOLERANCE_S = 0.05
"""Times are often rounded: an end that much behind the recording, or segments that overlap so little, are
valid.
"""


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """One sound under several values.

    Attributes:
        files: the file, or several files with the same bytes.
        values: the labels or speakers.
    """

    files: tuple[str, ...]
    values: tuple[str, ...]


def find_conflicts(
    table: pd.DataFrame, column: str, identical: Sequence[Sequence[str]] = ()
) -> tuple[Conflict, ...]:
    """Find clips with different values of a column that are the same sound or overlap.

    Args:
        table: a corpus table.
        column: "emotion" or "speaker"; empty values are ignored.
        identical: groups of files with the same bytes.

    >>> from serenade.corpora import new_table
    >>> table = new_table({"file": "a.wav", "emotion": name} for name in ("fear", "joy"))
    >>> find_conflicts(table, "emotion")
    (Conflict(files=('a.wav',), values=('fear', 'happiness')),)
    """
    first_of = {file: group[0] for group in identical for file in group}
    files = {name: os.path.realpath(name) for name in set(table["file"])}
    sounds = [files[first_of.get(file, file)] for file in table["file"]]
    rows = table.assign(sound=sounds)[table[column] != ""]
    repeated = rows.groupby("sound")[column].nunique()
    conflicts = []
    for sound in rows["sound"][rows["sound"].isin(repeated.index[repeated > 1])].drop_duplicates():
        clips = rows[rows["sound"] == sound]
        involved = _overlapping(clips, column)
        if involved.any():
            found = clips[involved]
            conflicts.append(
                Conflict(files=tuple(dict.fromkeys(found["file"])), values=tuple(sorted(set(found[column]))))
            )
    return tuple(conflicts)


def find_repeated(table: pd.DataFrame) -> tuple[str, ...]:
    """Find the files that have a clip in several rows with the same label and speaker."""
    rows = table.assign(file=[os.path.realpath(file) for file in table["file"]])
    if "variant" in table:
        return ()
    again = rows.duplicated(["file", "start", "end", "emotion", "speaker"])
    return tuple(dict.fromkeys(table["file"][again]))


def find_bad_times(
    table: pd.DataFrame, durations_s: Mapping[str, float]
) -> tuple[dict[str, str], dict[str, str], pd.Series[bool]]:
    """Find clips that end before they start, or are outside their recording.

    Args:
        table: a corpus table.
        durations_s: length of the recordings that are readable, by file.

    Returns:
        The reasons by file for clips that cannot be used, and for clips that are cut at the end of their
        recording; and which rows can be used.
    """
    valid = pd.Series(True, index=table.index)
    unusable: dict[str, list[str]] = {}
    cut: dict[str, list[str]] = {}
    segments = table[table["start"].notna() | table["end"].notna()]
    for row, file, start_s, end_s in zip(
        segments.index, segments["file"], segments["start"], segments["end"], strict=True
    ):
        duration_s = durations_s.get(file, np.inf)
        if reason := unusable_times(start_s, end_s, duration_s):
            valid[row] = False
            unusable.setdefault(file, []).append(reason)
        elif reason := end_outside(end_s, duration_s):
            cut.setdefault(file, []).append(reason)
    return _joined(unusable), _joined(cut), valid


def unusable_times(start_s: float, end_s: float, duration_s: float = np.inf) -> str:
    """Return why a clip with these times contains no sound; "" if it contains some.

    Args:
        start_s: start of the clip in seconds; NaN for the start of the recording.
        end_s: its end; NaN for the end of the recording.
        duration_s: length of the recording, infinite if it is unknown.

    >>> unusable_times(1.0, 0.5)
    'the end 0.5 s is not after the start 1 s'
    """
    if start_s < 0:
        return f"the start {start_s:g} s is negative"
    if end_s <= (0.0 if np.isnan(start_s) else start_s):
        return f"the end {end_s:g} s is not after the start {0.0 if np.isnan(start_s) else start_s:g} s"
    if start_s >= duration_s:
        return f"the start {start_s:g} s is after the end of the recording ({duration_s:g} s)"
    return ""


def end_outside(end_s: float, duration_s: float) -> str:
    """Return a warning if a clip ends after its recording, where it is then cut; "" if it does not.

    >>> end_outside(99.0, 1.5), end_outside(1.52, 1.5)
    ('the end 99 s is after the end of the recording (1.5 s)', '')
    """
    if end_s > duration_s + _TOLERANCE_S:
        return f"the end {end_s:g} s is after the end of the recording ({duration_s:g} s)"
    return ""


def _joined(reasons: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {file: "; ".join(dict.fromkeys(found)) for file, found in reasons.items()}


def _overlapping(clips: pd.DataFrame, column: str) -> pd.Series[bool]:
    """Which clips of one sound overlap another one with another value."""
    ordered = clips.assign(start=clips["start"].fillna(0.0), end=clips["end"].fillna(np.inf))
    ordered = ordered.sort_values("start", kind="stable")
    conflict = pd.Series(False, index=clips.index)
    open_clips: list[tuple[Any, float, str]] = []
    for row, start_s, end_s, value in zip(
        ordered.index, ordered["start"], ordered["end"], ordered[column], strict=True
    ):
        open_clips = [clip for clip in open_clips if min(clip[1], end_s) - start_s > _TOLERANCE_S]
        for other, _, other_value in open_clips:
            if other_value != value:
                conflict[[row, other]] = True
        open_clips.append((row, end_s, value))
    return conflict
