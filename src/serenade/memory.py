"""When freed memory goes back to the system: at once, or after the next allocation could use it.

The C library asks the system for each large block and returns it when it is freed. The system must fill each
new page with zeros, which can take longer than the computation itself. With another C library than glibc
nothing is done.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

# Of malloc.h: blocks of this size are taken from the system, and free memory of this size at the end of the
# heap is returned to it.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_SMALL, _LARGE, _NEVER = 128 * 1024, 32 * 1024**2, 2**31 - 1  # the default; the largest that is set by itself


def release() -> None:
    """Return memory that is free to the system; takes some milliseconds.

    onnxruntime folds the constants of a graph when it loads it. That takes several times the size of the
    model, and the allocator keeps what is freed: 180 MB for `serenade-base`, as long as the process lives.
    """
    if hasattr(_libc(), "malloc_trim"):
        _libc().malloc_trim(0)


@contextmanager
def low_peak() -> Iterator[None]:
    """In the block, memory returns to the system as soon as it is freed: a lower peak, and slower.

    >>> with low_peak():
    ...     table = bytearray(10**6)
    """
    _set(_MMAP_THRESHOLD, _SMALL)
    try:
        yield
    finally:
        _set(_MMAP_THRESHOLD, _LARGE)
        release()


@contextmanager
def fast_reuse() -> Iterator[None]:
    """In the block, freed memory is kept for the next allocation: faster, and a higher peak.

    For work that allocates the same large arrays again and again, such as the steps of a training.

    >>> with fast_reuse():
    ...     tables = [bytearray(10**6) for _ in range(100)]
    """
    _set(_MMAP_THRESHOLD, _NEVER)
    _set(_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        _set(_MMAP_THRESHOLD, _LARGE)
        _set(_TRIM_THRESHOLD, 2 * _LARGE)
        release()


def _set(option: int, size: int) -> None:
    if hasattr(_libc(), "malloc_trim"):  # glibc, whose numbers these are
        _libc().mallopt(option, size)


@cache
def _libc() -> Any:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows
        return object()
