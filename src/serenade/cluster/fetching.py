"""The recordings of a chunk as files of the worker's machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from serenade.cluster.files import fetch, is_remote
from serenade.errors import ClusterError, UnsupportedMedia
from serenade.inference.parallel import map_in_order
from serenade.version import __version__

CRASHED = (
    "the worker process ended each time it read this recording (not enough memory, or a fault of a decoder); "
    "convert it to WAV or FLAC"
)
"""Why there is no result for a recording that no worker survives."""

_THREADS = 2
"""Recordings that are fetched while another one is computed."""


@dataclass(frozen=True)
class Item:
    """A recording of a chunk.

    Attributes:
        file: its path or URL.
        exists: whether the machine that started the run found it.
    """

    file: str
    exists: bool


class Fetched:
    """Copies of remote recordings in a temporary folder, which is removed at the end of the block.

    Args:
        items: the recordings of a chunk.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._exists = {item.file: item.exists for item in items}
        self._copies: dict[str, Path] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="serenade-")

    def __enter__(self) -> Fetched:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def path_of(self, file: str) -> Path:
        """The path of a recording on this machine; of one that does not exist, a path without a file.

        Raises:
            UnsupportedMedia: this recording cannot be read.
            ClusterError: the object store cannot be used, or this machine lacks a file that the machine that
                started the run has.
        """
        if not is_remote(file):
            if self._exists.get(file) and not os.path.lexists(file):
                raise ClusterError(
                    "is not on every node; put the recordings into a folder that all nodes share, or into an "
                    "object store (s3://…)",
                    file=file,
                )
            return Path(file)
        if file not in self._copies:
            handle, name = tempfile.mkstemp(dir=self._folder.name, suffix=os.path.splitext(file)[1])
            os.close(handle)
            copy = Path(name)
            try:
                fetch(file, copy)
            except FileNotFoundError:
                copy.unlink(missing_ok=True)
            except PermissionError:
                copy.unlink(missing_ok=True)
                raise UnsupportedMedia(
                    "cannot be read: access is denied; check the permissions", file=file
                ) from None
            self._copies[file] = copy
        return self._copies[file]

    def each_once(self) -> Iterator[tuple[str, Path | UnsupportedMedia]]:
        """Yield each recording and its path, or why it cannot be read; copies are removed one by one."""

        def path_of(item: Item, _: object) -> Path | UnsupportedMedia:
            try:
                return self.path_of(item.file)
            except UnsupportedMedia as error:
                return error

        has_remote = any(is_remote(item.file) for item in self._items)
        paths = map_in_order(path_of, self._items, jobs=_THREADS if has_remote else 1)
        for item, path in zip(self._items, paths, strict=True):
            yield item.file, path
            if copy := self._copies.pop(item.file, None):
                with suppress(OSError):
                    copy.unlink()


def require_same_version(version: str) -> None:
    """Refuse to compute for a machine with another version of this package.

    Raises:
        ClusterError: another version.
    """
    if version != __version__:
        raise ClusterError(
            f"a worker has serenade {__version__}, and this machine {version}; install the same version on "
            "every node"
        )
