"""The paths of a manifest: relative to its folder, with slashes or backslashes."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

from serenade.text import decode_path

_ESCAPE = re.compile(rb"\\x([89a-f][0-9a-f])")


def resolve_paths(names: Iterable[str], folder: Path) -> tuple[list[str], int]:
    r"""Resolve the file names of a manifest against its folder.

    A Windows path (`rec\a.wav`, `C:\corpus\rec\a.wav`) is resolved on other systems too: by its longest end
    that exists below the folder or one of the two folders above. Accents may be encoded otherwise than in the
    name of the file, as macOS does. Bytes of a name that are not UTF-8 may be written as messages show them
    (`caf\xe9.wav`), or in a URI (`file:/data/caf%E9.wav`), as in the index of a store.

    Returns:
        The paths, and the number of Windows paths that were resolved so.
    """
    resolved = 0
    paths = []
    for name in names:
        if name.startswith("file:"):
            name = decode_path(name)
        path = _existing(folder / name) or _existing(folder / _with_bytes(name))
        if path is None and os.sep == "/" and "\\" in name:
            path, found = _windows_path(name, folder)
            resolved += found
        paths.append(str(path or folder / name))
    return paths, resolved


def _existing(path: Path) -> Path | None:
    """The path with its accents composed or decomposed, as the file is named; None if there is no file."""
    # Unlike Path.exists, os.path.exists has no error for a name that is too long.
    if os.path.lexists(path):
        return path
    for other in (unicodedata.normalize("NFC", str(path)), unicodedata.normalize("NFD", str(path))):
        if os.path.exists(other):
            return Path(other)
    return None


def _with_bytes(name: str) -> str:
    r"""The name with a byte in place of each escape such as `\xe9`.

    >>> _with_bytes(r"caf\xe9.wav") == "caf\udce9.wav"
    True
    """
    return os.fsdecode(_ESCAPE.sub(lambda escape: bytes.fromhex(escape[1].decode()), os.fsencode(name)))


def _windows_path(name: str, folder: Path) -> tuple[Path, bool]:
    windows = PureWindowsPath(name)
    parts = windows.parts[1:] if windows.anchor else windows.parts
    for base in (folder, *folder.absolute().parents[:2]):
        for skipped in range(len(parts)):
            if path := _existing(base.joinpath(*parts[skipped:])):
                return path, True
    return folder.joinpath(*parts), False
