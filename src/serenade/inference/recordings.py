"""The recordings that files, folders and patterns mean."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from serenade.audio.discovery import Discovery, discover
from serenade.errors import UnsupportedMedia
from serenade.text import decode_path


def find_recordings(arguments: Iterable[str | Path]) -> Discovery:
    """Find every recording, each once; those of a folder in the order of their names.

    Args:
        arguments: files, folders (searched with all subfolders) and patterns such as "calls/**/*.wav"; also
            as `file:` URLs.

    Returns:
        The recordings, and the counts of other files in the folders. An argument without a recording is among
        the recordings, so that a prediction run reports it.

    Raises:
        UnsupportedMedia: an argument is empty.
    """
    found: dict[Path, None] = {}
    skipped: Counter[str] = Counter()
    for argument in arguments:
        if not str(argument):
            raise UnsupportedMedia(
                'the path of a recording is empty; name a file or folder, such as "." for the current folder'
            )
        path = Path(decode_path(str(argument)))
        files: list[Path] = [path]
        if path.is_dir():
            discovery = discover(path)
            files = list(discovery.files) or [path]
            skipped.update(discovery.skipped)
        elif not path.exists() and glob.has_magic(str(path)):
            names = sorted(glob.glob(str(path), recursive=True))
            files = [Path(name) for name in names if Path(name).is_file()] or [path]
        found.update(dict.fromkeys(files))
    return Discovery(tuple(found), dict(skipped))
