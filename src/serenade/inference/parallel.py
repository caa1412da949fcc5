"""A function over many recordings on several threads, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

Progress = Callable[[str, float], None]
"""Called with the name of a long recording and the seconds of it that are done; from several threads."""

T = TypeVar("T")
R = TypeVar("R")


def map_in_order(
    function: Callable[[T, Progress], R], items: Iterable[T], *, jobs: int, progress: Progress | None = None
) -> Iterator[R]:
    """Yield `function(item, progress)` for each item, in order.

    Args:
        function: called on `jobs` threads. It calls its second argument from time to time, so that it stops
            soon when the iterator is closed.
        items: may be endless; only a few are taken ahead.
        jobs: threads; 1 for the caller's own.
        progress: called by the second argument of `function`.

    Raises:
        ValueError: `jobs` is below 1.

    >>> list(map_in_order(lambda item, progress: item * 2, [3, 1, 2], jobs=2))
    [6, 2, 4]
    """
    if jobs < 1:
        raise ValueError(f"jobs must be 1 or more, not {jobs}")
    return _map(function, items, jobs, progress)


def _map(
    function: Callable[[T, Progress], R], items: Iterable[T], jobs: int, progress: Progress | None
) -> Iterator[R]:
    closed = Event()

    def report(name: str, seconds: float) -> None:
        if closed.is_set():  # else Ctrl-C would wait for the end of a long recording
            raise CancelledError
        if progress is not None:
            progress(name, seconds)

    if jobs == 1:
        for item in items:
            yield function(item, report)
        return
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="serenade")
    ahead: deque[Future[R]] = deque()
    try:
        for item in items:
            ahead.append(pool.submit(function, item, report))
            if len(ahead) > 2 * jobs:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        closed.set()
        pool.shutdown(cancel_futures=True)
