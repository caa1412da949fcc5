"""Files that are written whole or not at all, never over an input, and by one process at a time.

A reader never sees half a file: everything goes to a temporary name in the same folder, is flushed to the
disk, and only then takes its real name. Devices, pipes and open streams are written to as they are.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

from serenade.errors import OutputError, SerenadeError

T = TypeVar("T")

LOCK = ".lock"
"""Name of the lock file in a folder that one process at a time writes to."""

MAX_NAME_BYTES = 255
"""Longest file name that the common file systems take."""

_CAUSES = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EACCES: "there is no permission to write here; choose another place",
    errno.EPERM: "there is no permission to write here; choose another place",
    errno.EROFS: "this file system is read-only; choose another place",
    errno.ENOTDIR: "this path leads through a file, not a folder; choose another place",
    errno.EISDIR: "this is a folder, and a file is to be written here; choose another name",
    errno.EEXIST: "a file of this name stands where a folder is needed; choose another name",
    errno.ENAMETOOLONG: "the name is too long for this file system; choose a shorter one",
    errno.ELOOP: "it is a link where no link is allowed, or links lead in a circle; remove the link",
    errno.EPIPE: "nothing reads from this pipe any more",
}
_NO_LOCKS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_OPEN_STREAM = re.compile(r"/dev/(stdin|stdout|stderr|fd/\d+)|/proc/(self|\d+)/fd/\d+")
_OWN_DESCRIPTOR = re.compile(r"(?:/dev/|/proc/self/)(?:fd/(\d+)|(stdin|stdout|stderr))")
_MAX_LINKS = 40  # as many as Linux follows


def output_error(path: str | Path, cause: OSError) -> OutputError:
    """Return the error that says why `path` could not be written.

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

    A link is followed: the file that it leads to is replaced. A device, a pipe or an open stream
    (`/dev/stdout`) is written to as it is.

    Args:
        path: the final name; its folder is made if need be.
        mode: "w" (UTF-8 text) or "wb".
        durable: wait until it is on the disk. Without, it is whole after a kill, and may be empty or torn
            after a loss of power: for what is checked before it is used again.

    Raises:
        OutputError: no permission, no space, or not a place for a file.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with write_whole(folder / "a.txt") as out:
    ...     _ = out.write("all of it")
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']
    """
    # A name that is not UTF-8 must not end the run; its bytes are written as escapes, valid in JSON too.
    text: dict[str, Any] = (
        {} if "b" in mode else {"encoding": "utf-8", "errors": "backslashreplace", "newline": "\n"}
    )
    temporary: Path | None = None
    try:
        if is_stream(path):
            with open(_open_stream(path), mode, **text) as out:
                yield out
            return
        target = Path(os.path.realpath(path))
        make_folder(target.parent)
        # A name of its own that nobody can foresee, opened exclusively: no planted link is followed.
        unfinished = target.with_name(f".{secrets.token_hex(8)}.part")
        with open(unfinished, mode.replace("w", "x"), **text) as out:
            temporary = unfinished
            yield out
            out.flush()
            if durable:
                os.fsync(out.fileno())
        os.replace(temporary, target)
        temporary = None
    except OSError as cause:
        raise output_error(path, cause) from cause
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def is_stream(path: str | Path) -> bool:
    """Whether a path is a device, a pipe or an open stream, or a link to one.

    >>> is_stream("/dev/stdout"), is_stream("out.csv")
    (True, False)
    """
    place = os.path.abspath(path)
    for _ in range(_MAX_LINKS):
        # What stdout is redirected into may be a plain file, which is not to be replaced under the shell.
        if _OPEN_STREAM.fullmatch(place):
            return True
        if not os.path.islink(place):
            break
        place = os.path.join(os.path.realpath(os.path.dirname(place)), os.readlink(place))
    try:
        mode = os.stat(place).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _open_stream(path: str | Path) -> int:
    """Open a device or pipe for writing and return its descriptor.

    An open stream of this process is duplicated. Opened again, a regular file behind it would have a second
    position, and what the process prints would overwrite what is written here.
    """
    if match := _OWN_DESCRIPTOR.fullmatch(os.path.abspath(path)):
        number, name = match.groups()
        return os.dup(int(number) if number else ("stdin", "stdout", "stderr").index(name))
    return os.open(path, os.O_WRONLY | os.O_APPEND)


def protect_inputs(outputs: Iterable[str | Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Refuse outputs that would overwrite an input; every command that writes calls this before any work.

    Args:
        outputs: files and folders that will be written; None is skipped.
        inputs: files that are read, and folders of files that are read; what is no path is skipped.

    Raises:
        OutputError: an output is an input, by this name or by another one (a link), or is a file that exists
            in a folder of inputs.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "x.wav").write_bytes(b"sound")
    >>> protect_inputs([folder / "x.csv", None], [folder / "x.wav"])
    >>> protect_inputs(["x.wav"], ["x.wav", "--text"])  # neither exists
    """
    known: set[tuple[int, int]] = set()
    folders: set[str] = set()
    for path in inputs:
        status = _status(path)
        if path is not None and status is not None:
            known.add((status.st_dev, status.st_ino))
            if stat.S_ISDIR(status.st_mode):
                folders.add(os.path.realpath(path))
    for path in outputs:
        status = _status(path)
        if path is None or status is None or is_stream(path):
            continue
        if (status.st_dev, status.st_ino) in known:
            raise OutputError("is an input of this command and would be overwritten; name another", file=path)
        above = {str(parent) for parent in Path(os.path.realpath(path)).parents}
        if not stat.S_ISDIR(status.st_mode) and folders & above:
            raise OutputError(
                "is a file in a folder that this command reads, and would be overwritten; name another",
                file=path,
            )


def require_writable(path: str | Path | None) -> None:
    """Refuse a file that cannot be written, before the work whose result it is to hold.

    Args:
        path: the file; None is accepted. Missing folders above it are not created.

    Raises:
        OutputError: it is a folder, or the folder above cannot be made or written to.

    >>> require_writable("out.csv")
    """
    if path is None or is_stream(path):
        return
    if os.path.isdir(path):
        raise output_error(path, OSError(errno.EISDIR, os.strerror(errno.EISDIR)))
    above = next(parent for parent in Path(os.path.abspath(path)).parents if parent.exists())
    if not above.is_dir():
        raise output_error(path, OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(above, os.W_OK | os.X_OK):
        raise output_error(path, OSError(errno.EACCES, os.strerror(errno.EACCES)))


def fitting_name(stem: str, suffix: str) -> str:
    """Return `stem + suffix`, the stem cut and marked with a hash where the name would be too long.

    >>> fitting_name("call", ".vtt")
    'call.vtt'
    >>> name = fitting_name("é" * 126, ".TextGrid")
    >>> len(name.encode()), name[-26:]
    (254, '-aa86acc8d5f4d890.TextGrid')
    """
    encoded = os.fsencode(stem)
    if len(encoded) + len(os.fsencode(suffix)) <= MAX_NAME_BYTES:
        return stem + suffix
    mark = f"-{hashlib.sha256(encoded).hexdigest()[:16]}{suffix}"
    return encoded[: MAX_NAME_BYTES - len(os.fsencode(mark))].decode(errors="ignore") + mark


@contextmanager
def lock(path: str | Path, *, busy: SerenadeError) -> Iterator[None]:
    """Hold a lock file; the system frees it when the process ends, however it ends.

    On a file system without locks (some network file systems) nothing is held.

    Args:
        path: the lock file, for a folder `folder / LOCK`. It is removed at the end.
        busy: raised when another process holds it.

    Raises:
        OutputError: it cannot be written.

    >>> import tempfile
    >>> file, busy = Path(tempfile.mkdtemp()) / LOCK, OutputError("another process is writing here")
    >>> with lock(file, busy=busy), lock(file, busy=busy):
    ...     pass
    Traceback (most recent call last):
        ...
    serenade.errors.OutputError: another process is writing here
    >>> file.exists()
    False
    """
    from filelock import FileLock, Timeout

    held = FileLock(path, timeout=0)
    try:
        held.acquire()
    except Timeout:
        # Also where no file can be made, such as in /proc.
        raise (
            busy
            if os.path.lexists(path) or _can_create(path)
            else output_error(
                Path(path).parent, OSError(0, "no file can be created in this folder; choose another place")
            )
        ) from None
    except OSError as cause:
        if cause.errno not in _NO_LOCKS:
            # Only the folder says something to a user, unless the lock file itself is the problem.
            raise output_error(path if cause.errno == errno.ELOOP else Path(path).parent, cause) from cause
    try:
        yield
    finally:
        if held.is_locked:
            # Removed while it is held: filelock tries again where it locked a file that has no name.
            with suppress(OSError):
                os.unlink(path)
            held.release()


def _can_create(path: str | Path) -> bool:
    """Whether a file can be created at a path, which is left as it was."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.unlink(path)
    except OSError as cause:
        return cause.errno == errno.EEXIST
    return True


def write_by_suffix(content: T, path: str | Path, writers: Mapping[str, Callable[[T], str]]) -> None:
    """Write a text to a file, in the form that the suffix of the file names.

    Args:
        content: what is written.
        path: the file.
        writers: for each suffix, in lower case, the function that makes the text.

    Raises:
        OutputError: another suffix, or the file cannot be written.

    >>> write_by_suffix(3, "three.txt", {".txt": str})
    >>> Path("three.txt").read_text()
    '3'
    """
    write = writers.get(Path(path).suffix.lower())
    if write is None:
        raise OutputError(f"has an unknown ending; use one of {', '.join(writers)}", file=path)
    text = write(content)
    with write_whole(path) as file:
        file.write(text)


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


def _status(path: str | Path | None) -> os.stat_result | None:
    """The status of what a path leads to; None where it leads to nothing."""
    try:
        return None if path is None else os.stat(path)
    except (OSError, ValueError):
        return None
