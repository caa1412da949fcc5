"""Which recordings are meant by files, folders and globs."""

from __future__ import annotations

import glob
from collections.abc import Iterable
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
