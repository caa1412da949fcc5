"""The paths of a manifest: relative to its folder, with slashes or backslashes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath


def resolve_paths(names: Iterable[str], folder: Path) -> tuple[list[str], int]:
    r"""Resolve the file names of a manifest against its folder.

    A Windows path (`rec\a.wav`, `C:\corpus\rec\a.wav`) is resolved on other systems too: by its longest end
    that exists below the folder or one of the two folders above.

    Returns:
        The paths, and the number of Windows paths that were resolved so.
    """
    resolved = 0
    paths = []
    for name in names:
        path = folder / name
        if os.sep == "/" and "\\" in name and not path.exists():
            path, found = _windows_path(name, folder)
            resolved += found
        paths.append(str(path))
    return paths, resolved


def _windows_path(name: str, folder: Path) -> tuple[Path, bool]:
    windows = PureWindowsPath(name)
    parts = windows.parts[1:] if windows.anchor else windows.parts
    for base in (folder, *folder.absolute().parents[:2]):
        for skipped in range(len(parts)):
            if (path := base.joinpath(*parts[skipped:])).exists():
                return path, True
    return folder.joinpath(*parts), False
