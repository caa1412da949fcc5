"""Files on this machine or in an object store (`s3://bucket/x.wav`), through fsspec.

Credentials come from the environment of each machine, as its libraries take them (for S3:
`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, the role of the machine). They are never part of a path.
"""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serenade.errors import ClusterError
from serenade.files import make_folder, write_whole

SCHEME_END = "://"

Stamp = tuple[int | str, ...]
"""Size and version of a file; empty where there is none."""


def is_remote(path: str | Path) -> bool:
    """Whether a path is a URL of an object store.

    >>> is_remote("s3://bucket/x.wav"), is_remote("calls/x.wav")
    (True, False)
    """
    return SCHEME_END in str(path)


def join(folder: str, name: str) -> str:
    """The path of a name in a folder; a name that is absolute or a URL stays as it is.

    >>> join("s3://bucket/calls", "x.wav"), join("calls", "s3://bucket/x.wav")
    ('s3://bucket/calls/x.wav', 's3://bucket/x.wav')
    """
    if is_remote(name) or os.path.isabs(name):
        return name
    return posixpath.join(folder, name) if is_remote(folder) else os.path.join(folder, name)


def folder_of(path: str) -> str:
    """The folder that a file is in."""
    return posixpath.dirname(path) if is_remote(path) else os.path.dirname(path)


def read_bytes(path: str) -> bytes:
    """The content of a file.

    Raises:
        ClusterError: it cannot be read.
    """
    with explained(path, "read"):
        content: bytes = _filesystem(path).cat_file(path) if is_remote(path) else Path(path).read_bytes()
        return content


def write_bytes(path: str, content: bytes) -> None:
    """Write a file, which appears whole or not at all.

    Raises:
        OutputError, ClusterError: it cannot be written.
    """
    if is_remote(path):
        with explained(path, "written"):
            _filesystem(path).pipe_file(path, content)
        return
    with write_whole(path, "wb") as out:
        out.write(content)


def remove(path: str) -> None:
    """Remove a file."""
    with explained(path, "removed"):
        if is_remote(path):
            _filesystem(path).rm_file(path)
        else:
            os.unlink(path)


def names_in(folder: str) -> set[str]:
    """The names in a folder, which is made if it is on this machine; none for a prefix that does not exist.

    Raises:
        OutputError, ClusterError: it cannot be read or made.
    """
    if not is_remote(folder):
        return set(os.listdir(make_folder(folder)))
    with explained(folder, "read"):
        filesystem = _filesystem(folder)
        filesystem.invalidate_cache()
        bucket = filesystem._strip_protocol(folder).split("/")[0]
        filesystem.ls(bucket)  # unlike a prefix, a bucket must exist
        try:
            found = filesystem.ls(folder, detail=False)
        except FileNotFoundError:
            return set()
        return {posixpath.basename(name.rstrip("/")) for name in found} - {"", posixpath.basename(folder)}


def files_under(pattern: str) -> list[str]:
    """The files below a remote folder, or those that a remote pattern means, sorted; a file as it is.

    Raises:
        ClusterError: nothing can be read there.
    """
    with explained(pattern, "read"):
        filesystem = _filesystem(pattern)
        filesystem.invalidate_cache()
        has_magic = any(character in pattern for character in "*?[")
        found = filesystem.glob(pattern) if has_magic else filesystem.find(pattern)
        return [filesystem.unstrip_protocol(name) for name in sorted(found)]


def stamps_of(paths: Sequence[str]) -> list[Stamp]:
    """The stamp of each file; remote folders with several of them are listed once.

    Raises:
        ClusterError: a bucket cannot be read.
    """
    by_folder: dict[str, list[str]] = defaultdict(list)
    stamps: dict[str, Stamp] = {}
    for path in paths:
        if is_remote(path):
            by_folder[folder_of(path)].append(path)
        else:
            stamps[path] = _local_stamp(path)
    for folder, files in by_folder.items():
        with explained(folder, "read"):
            filesystem = _filesystem(folder)
            filesystem.invalidate_cache()
            try:
                listed = filesystem.ls(folder, detail=True)
            except FileNotFoundError:
                names_in(folder)  # raises if the bucket is missing
                listed = []
        found = {entry["name"]: entry for entry in listed}
        stamps |= {path: _remote_stamp(found.get(filesystem._strip_protocol(path))) for path in files}
    return [stamps[path] for path in paths]


def fetch(path: str, to: Path) -> None:
    """Copy a remote file to this machine.

    Raises:
        FileNotFoundError, PermissionError: there is no such file, or it alone cannot be read.
        ClusterError: the object store cannot be used.
    """
    with explained(path, "read", is_named=True):
        _filesystem(path).get_file(path, str(to))


@contextmanager
def explained(path: str, done: str, *, is_named: bool = False) -> Iterator[None]:
    """Raise what an object store or a disk reports as one sentence.

    Args:
        path: what is used.
        done: "read" or "written".
        is_named: leave the errors of a single file, which is missing or not permitted, as they are.

    Raises:
        ClusterError: with the path and the reason.
    """
    try:
        yield
    except (FileNotFoundError, PermissionError) as cause:
        if is_named:
            raise
        missing = isinstance(cause, FileNotFoundError)
        if is_remote(path):
            reason = "there is no such file, folder or bucket" if missing else "access is denied"
            advice = "check the path and the credentials"
        else:
            reason = "there is no such file or folder" if missing else "access is denied"
            advice = "check the path and its permissions"
        raise ClusterError(f"cannot be {done}: {reason}; {advice}", file=path) from cause
    except _storage_errors() as cause:
        name = type(cause).__name__
        if "Credential" in name:
            raise ClusterError(
                f"cannot be {done}: there are no credentials; set them in the environment of every node (for "
                "S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role of the machine)",
                file=path,
            ) from cause
        reason = getattr(cause, "strerror", None) or next(iter(str(cause).splitlines()), name)
        # A disk fails for good, such as for a folder in place of a file; a connection comes back.
        advice = "run the same command again to continue" if is_remote(path) else "check the path"
        raise ClusterError(f"cannot be {done}: {reason}; {advice}", file=path) from cause


def _filesystem(path: str) -> Any:
    """The file system of a URL.

    Raises:
        ClusterError: there is none for its scheme, or the URL holds credentials.
    """
    import fsspec

    scheme, _, rest = path.partition(SCHEME_END) if is_remote(path) else ("file", "", "")
    if "@" in rest.split("/")[0]:
        raise ClusterError(
            f"a path {scheme}://… holds credentials; remove them, and set them in the environment instead"
        )
    try:
        return fsspec.filesystem(scheme)
    except (ImportError, ValueError) as cause:
        raise ClusterError(f"there is no file system for {scheme}:// ({cause})", file=path) from cause


def _storage_errors() -> tuple[type[Exception], ...]:
    try:
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError:
        return (OSError,)
    return (OSError, BotoCoreError)


def _local_stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    return status.st_size, status.st_mtime_ns


def _remote_stamp(entry: dict[str, Any] | None) -> Stamp:
    if entry is None:
        return ()
    version = entry.get("ETag") or entry.get("LastModified") or entry.get("mtime") or ""
    return int(entry.get("size") or 0), str(version)
