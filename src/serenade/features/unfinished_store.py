"""A folder that is being filled: what marks it as such, and the lock that keeps a second run out of it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from serenade.errors import StoreError
from serenade.files import LOCK, lock, make_folder

CHUNKS = ".chunks"
"""The folder, in the one that is being filled, of what is done so far; it goes with the end."""


def own_folder(out: Path) -> None:
    """Make `out`; refuse it when it holds anything but the beginning of a store."""
    make_folder(out)
    if not (out / CHUNKS).exists() and any(out.iterdir()):
        raise StoreError("holds other files and is no store; choose an empty or a new folder", file=out)
    make_folder(out / CHUNKS)


def locked(out: Path) -> AbstractContextManager[None]:
    """Hold the folder's lock; a second run gets an error that says to wait."""
    busy = StoreError("another serenade prepare is at work here; wait for its end", file=out)
    return lock(out / LOCK, busy=busy)
