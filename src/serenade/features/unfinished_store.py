"""The unfinished store: the folder of its chunks, and the lock that keeps other processes out."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from serenade.errors import StoreError
from serenade.files import LOCK, lock, make_folder

CHUNKS = ".chunks"
"""Subfolder of the finished chunks; it is removed when the store is finished."""


def claim_folder(out: Path) -> None:
    """Make the folder `out`.

    Raises:
        StoreError: it has other content than an unfinished store.
    """
    make_folder(out)
    if not (out / CHUNKS).exists() and any(out.iterdir()):
        raise StoreError("has other files and is not a store; choose an empty or a new folder", file=out)
    make_folder(out / CHUNKS)


def locked(out: Path) -> AbstractContextManager[None]:
    """Hold the folder's lock; a second run gets an error that says to wait."""
    busy = StoreError("another serenade prepare is writing here; wait until it has finished", file=out)
    return lock(out / LOCK, busy=busy)
