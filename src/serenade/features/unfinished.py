"""A folder that is being filled: what marks it as such, and the lock that keeps a second run out of it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serenade.errors import StoreError
from serenade.files import make_folder, output_error

CHUNKS = ".chunks"
"""The folder, in the one that is being filled, of what is done so far; it goes with the end."""
LOCK = "lock"


def own_folder(out: Path) -> None:
    """Make `out`; refuse it when it holds anything but the beginning of a store."""
    make_folder(out)
    if not (out / CHUNKS).exists() and any(out.iterdir()):
        raise StoreError("holds other files and is no store; choose an empty or a new folder", file=out)
    make_folder(out / CHUNKS)


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Hold the folder's lock; the system gives it back when the process ends, however it ends."""
    try:
        lock = open(out / CHUNKS / LOCK, "w")  # noqa: SIM115
    except OSError as cause:
        raise output_error(out, cause) from cause
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError("another serenade prepare is at work here; wait for its end", file=out) from None
        yield
