"""Files that are written whole or not at all.

A reader never sees half a file: everything goes to a temporary name in the same folder, is flushed to the
disk, and only then takes its real name.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from serenade.errors import OutputError, SerenadeError

_CAUSES = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EACCES: "there is no permission to write here; choose another place",
    errno.EPERM: "there is no permission to write here; choose another place",
    errno.EROFS: "this file system is read-only; choose another place",
    errno.ENOTDIR: "a part of this path is a file, not a folder; choose another place",
    errno.EISDIR: "this is a folder, and a file is to be written here; choose another name",
    errno.EEXIST: "a file of this name stands where a folder is needed; choose another name",
}


def output_error(path: str | Path, cause: OSError) -> OutputError:
    """The one sentence that tells why `path` could not be written.

    >>> str(output_error("out.csv", OSError(errno.ENOSPC, "")))
    'out.csv: cannot be written: the disk is full; free some space and run the same command again'
    """
    reason = _CAUSES.get(cause.errno or 0, cause.strerror or str(cause))
    return OutputError(f"cannot be written: {reason}", file=path)


def make_folder(path: str | Path) -> Path:
    """Create a folder and its parents, or say why not."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise output_error(folder, cause) from cause
    return folder


@contextmanager
def write_whole(path: str | Path, mode: str = "w", *, durable: bool = True) -> Iterator[IO[Any]]:
    """Open `path` for writing so that it appears complete or not at all.

    Args:
        path: the final name; its folder is made if need be.
        mode: "w" (UTF-8 text) or "wb".
        durable: wait until it is on the disk. Without, it is whole after a kill, and may be empty or torn
            after a loss of power: for what is checked before it is used again.

    Raises:
        OutputError: no permission, no space, or not a place for a file.

    >>> folder = Path(tempfile.mkdtemp())
    >>> with write_whole(folder / "a.txt") as out:
    ...     _ = out.write("all of it")
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']
    """
    path = Path(path)
    make_folder(path.parent)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        temporary = Path(name)
        # mkstemp makes private files; what we write for people follows their umask.
        umask = os.umask(0)
        os.umask(umask)
        os.fchmod(handle, 0o666 & ~umask)
        with os.fdopen(handle, mode, encoding=None if "b" in mode else "utf-8") as out:
            yield out
            out.flush()
            if durable:
                os.fsync(out.fileno())
        os.replace(temporary, path)
        temporary = None
    except OSError as cause:
        raise output_error(path, cause) from cause
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def alone(folder: str | Path, busy: SerenadeError) -> Iterator[None]:
    """Hold a folder's lock; the system gives it back when the process ends, however it ends.

    Nothing is written. On a file system without such locks (some of networks) nobody is kept out.

    Args:
        folder: it must be there.
        busy: raised when another one holds the lock.

    Raises:
        OutputError: the folder cannot be opened.

    >>> folder, busy = tempfile.mkdtemp(), OutputError("another process is at work here")
    >>> with alone(folder, busy), alone(folder, busy):
    ...     pass
    Traceback (most recent call last):
        ...
    serenade.errors.OutputError: another process is at work here
    """
    import fcntl  # not everywhere: what only reads and predicts does without

    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as cause:
        raise output_error(folder, cause) from cause
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        except OSError as cause:
            if cause.errno not in (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP):
                raise output_error(folder, cause) from cause
        yield
    finally:
        os.close(handle)


def write_json(path: str | Path, content: Any, *, indent: int | None = 1) -> None:
    """Write `content` as JSON (indented unless `indent` is None), whole or not at all."""
    with write_whole(path) as out:
        json.dump(content, out, indent=indent, ensure_ascii=False)
        out.write("\n")


def sha256_of(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes, read in blocks."""
    with open(path, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def hash_of(content: Any) -> str:
    """Hexadecimal SHA-256 of a JSON-able value, independent of the order of its keys.

    >>> hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
