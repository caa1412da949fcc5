"""Worker processes that die with their parent, compute on one thread each, and leave Ctrl-C to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import TypeVar

from threadpoolctl import threadpool_limits

T = TypeVar("T")
Result = TypeVar("Result")


def available_cores() -> int:
    """How many cores this process may use.

    >>> available_cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_unordered(work: Callable[[T], Result], items: Sequence[T], *, jobs: int | None) -> Iterator[Result]:
    """Results of `work` as they come, from `jobs` processes (None: one a core; 1: in this process).

    `work` and the items are sent to the workers, so both must be picklable. When an item fails, or on Ctrl-C,
    items that have begun are finished, the others are not begun.

    Raises:
        Whatever `work` raises.
    """
    jobs = min(available_cores() if jobs is None else jobs, len(items))
    if jobs <= 1:
        # One thread here too: sums in another order would give other bytes than a worker's.
        with threadpool_limits(1):
            for item in items:
                yield work(item)
        return
    # Spawned, not forked: a fork copies the locks of torch's threads in whatever state they are.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin) as pool:
        # Workers inherit the mask: Ctrl-C reaches them too, and they would fill the terminal with tracebacks.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            futures = [pool.submit(work, item) for item in items]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    threadpool_limits(1)
    Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End with the parent: one that was killed leaves its workers waiting for work for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
