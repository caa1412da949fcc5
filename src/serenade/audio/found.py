"""Which files of a folder are sound, and which only look like it."""

from __future__ import annotations

import os
from pathlib import Path

from serenade.errors import UnsupportedMedia

SUFFIXES = frozenset(
    {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".au", ".caf", ".w64", ".m4a", ".aac"}
    | {".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".flv", ".wma", ".amr", ".3gp"}
)
"""Suffixes, in lower case, that are sound when a folder is walked. A file that is named is always tried."""

LFS_HEAD = b"version https://git-lfs.github.com/spec/v1"
"""What a Git LFS pointer begins with."""


def is_lfs_pointer(path: str | Path) -> bool:
    """Whether a file is a Git LFS pointer: some 130 bytes of text in the place of the recording."""
    with open(path, "rb") as source:
        return source.read(len(LFS_HEAD)) == LFS_HEAD


def find_audio(path: str | Path) -> list[Path]:
    """The sound files under a folder, sorted; a file is given back as it is.

    Hidden files and folders and AppleDouble twins (`._name.wav`) are passed over.

    Raises:
        UnsupportedMedia: there is nothing at `path`.

    >>> find_audio("/nowhere")
    Traceback (most recent call last):
        ...
    serenade.errors.UnsupportedMedia: /nowhere: there is no such file or folder; check the path
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UnsupportedMedia("there is no such file or folder; check the path", file=path)
    found = []
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found += [
            Path(folder, name)
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES
        ]
    return sorted(found)
