"""Records of the run that an output file comes from; a later run compares itself with them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from serenade.output.counts import RecordingCounts

VERSION = 1
"""Version of these records, one of the settings; a file of another version is another run."""

Stamp = tuple[int, ...]
"""Size in bytes and time of change in ns of a recording; empty where there is no file."""


@dataclass(frozen=True, kw_only=True)
class UnfinishedHead:
    """The first line of an unfinished output.

    Attributes:
        settings: what the predictions depend on besides the recordings.
    """

    settings: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class UnfinishedEntry:
    """A further line of an unfinished output: one recording.

    Attributes:
        file: its path as given.
        stamp: of the recording when it was predicted.
        counts: of its predictions.
        text: what the output format writes for it.
    """

    file: str
    stamp: Stamp
    counts: RecordingCounts
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class FinishedRecord:
    """What a finished output was made from.

    Attributes:
        settings: what the predictions depend on besides the recordings.
        output: SHA-256 of the output file.
        stamps: of every recording.
        counts: of every recording.
    """

    settings: dict[str, Any]
    output: str
    stamps: dict[str, Stamp]
    counts: dict[str, RecordingCounts]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def stamp_of(file: str | Path) -> Stamp:
    """Return size and time of change of a recording; empty where there is no file."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return ()
    return status.st_size, status.st_mtime_ns


def setting_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say which settings differ; "" where none does.

    >>> setting_changes({"model": "toy 3", "timeline": True}, {"model": "toy 4", "timeline": True})
    'model toy 3, now toy 4'
    """
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {_short(before.get(name))}, now {_short(now.get(name))}" for name in names)


def input_changes(before: Mapping[str, Stamp], now: Mapping[str, Stamp]) -> str:
    """Say how the recordings differ; "" where they do not.

    >>> input_changes({"a.wav": (1, 1), "b.wav": (1, 1)}, {"a.wav": (1, 2), "c.wav": (1, 1)})
    '1 recording added, 1 removed, 1 changed'
    """
    counts = {
        "added": len(now.keys() - before.keys()),
        "removed": len(before.keys() - now.keys()),
        "changed": sum(before[file] != now[file] for file in before.keys() & now.keys()),
    }
    changes = [f"{count:,} {what}" for what, count in counts.items() if count]
    if changes:
        number, what = changes[0].split(" ")
        changes[0] = f"{number} recording{'' if number == '1' else 's'} {what}"
    return ", ".join(changes)


def _short(value: object) -> str:
    """A value for a message; a hash by its beginning."""
    if isinstance(value, bool) or value is None:
        return {True: "on", False: "off", None: "not set"}[value]
    text = str(value)
    return text[:8] if len(text) == 64 else text
