"""Which recordings are meant by files, folders and globs."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from serenade.audio.discovery import find_audio


def find_recordings(arguments: Iterable[str | Path]) -> list[Path]:
    """Every recording meant, each once, a folder's in the order of their names.

    Args:
        arguments: files, folders (searched with all below) and patterns such as "calls/**/*.wav".

    Returns:
        Paths. What leads to nothing stays as it is, so that it is named among the answers instead of lost.
    """
    found: dict[Path, None] = {}
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            meant = find_audio(path) or [path]
        elif not path.exists() and glob.has_magic(str(argument)):
            meant = [Path(name) for name in sorted(glob.glob(str(argument), recursive=True))]
            meant = [file for file in meant if file.is_file()] or [path]
        else:
            meant = [path]
        found.update(dict.fromkeys(meant))
    return list(found)


def outputs_for(recordings: Sequence[Path], folder: Path, suffix: str) -> dict[Path, Path]:
    """A place in `folder` for one output file a recording, in subfolders as the recordings are.

    Args:
        recordings: paths.
        folder: where the outputs go.
        suffix: ending of their names, with its dot; it replaces the recording's own, unless two recordings
            differ in nothing else.

    >>> outputs_for([Path("a/x.wav"), Path("a/b/y.wav")], Path("out"), ".vtt")[Path("a/b/y.wav")].as_posix()
    'out/b/y.vtt'
    """
    common = os.path.commonpath([os.path.abspath(file.parent) for file in recordings]) if recordings else ""
    places = {file: folder / os.path.relpath(file, common) for file in recordings}
    short = {file: place.with_suffix(suffix) for file, place in places.items()}
    if len(set(short.values())) == len(short):
        return short
    return {file: place.with_name(place.name + suffix) for file, place in places.items()}
