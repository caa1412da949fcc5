"""Paths of outputs that have one file per recording."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from serenade.files import fitting_name


def shared_folder(files: Iterable[str | Path]) -> str:
    """Return the innermost folder that holds all files, as an absolute path.

    >>> shared_folder(["/calls/mon/a.wav", "/calls/tue/a.wav"])
    '/calls'
    """
    return os.path.commonpath([os.path.dirname(os.path.abspath(file)) for file in files])


def paths_per_recording(recordings: Sequence[Path], folder: Path, *, suffix: str) -> dict[Path, Path]:
    """Return a path in `folder` for each recording, in subfolders as the recordings are.

    Args:
        recordings: paths.
        folder: where the outputs go.
        suffix: ending of their names, with its dot; it replaces the recording's own, unless two recordings
            differ in nothing else.

    >>> calls = [Path("a/x.wav"), Path("a/b/y.wav")]
    >>> paths_per_recording(calls, Path("out"), suffix=".vtt")[Path("a/b/y.wav")].as_posix()
    'out/b/y.vtt'
    """
    if not recordings:
        return {}
    shared = shared_folder(recordings)
    inner = {file: Path(os.path.relpath(file, shared)) for file in recordings}
    stems = {file: path.with_suffix("") for file, path in inner.items()}
    if len(set(stems.values())) < len(stems):
        stems = inner
    return {file: folder / stem.with_name(fitting_name(stem.name, suffix)) for file, stem in stems.items()}
