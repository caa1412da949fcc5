"""Memory that loading a model needs for a moment is given back to the system.

onnxruntime folds the constants of a graph when it loads it. That takes several times the size of the model,
and the allocator keeps what is freed: 180 MB for `serenade-base`, for as long as the process lives. With
another C library than glibc nothing is done.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
_SMALL, _LARGE = 128 * 1024, 32 * 1024**2  # the default, and the largest that is allowed


def release() -> None:
    """Give memory that is free back to the system; takes some milliseconds."""
    if hasattr(_libc(), "malloc_trim"):
        _libc().malloc_trim(0)


@contextmanager
def low_peak() -> Iterator[None]:
    """In the block, memory goes back to the system as soon as it is freed: less at a time, and slower.

    >>> with low_peak():
    ...     table = bytearray(10**6)
    """
    _set_threshold(_SMALL)
    try:
        yield
    finally:
        _set_threshold(_LARGE)
        release()


def _set_threshold(size: int) -> None:
    if hasattr(_libc(), "malloc_trim"):  # glibc, whose number this is
        _libc().mallopt(_MMAP_THRESHOLD, size)


@cache
def _libc() -> Any:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows
        return object()
