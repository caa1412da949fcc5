"""Worker processes that die with their parent, compute on one thread each, and leave Ctrl-C to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread, current_thread, main_thread
from typing import TypeVar

from threadpoolctl import threadpool_limits

T = TypeVar("T")
Result = TypeVar("Result")

_HAS_MASKS = hasattr(signal, "pthread_sigmask")


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
        with _ctrl_c_later():
            futures = [pool.submit(work, item) for item in items]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Delay Ctrl-C while workers are started, and let it reach this process only.

    Workers inherit the signal mask; without it, each would print a traceback. But the mask is of this thread.
    A signal that another thread takes interrupts this one as well, perhaps between the start of a worker and
    its instructions; so the handler delays it too. Windows has no masks; there the workers ignore Ctrl-C.
    """
    came: list[int] = []
    in_main = current_thread() is main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if in_main else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if _HAS_MASKS else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if in_main:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        if came:
            signal.raise_signal(signal.SIGINT)


def _begin() -> None:
    if not _HAS_MASKS:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1)
    Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End with the parent: one that was killed leaves its workers waiting for work for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
