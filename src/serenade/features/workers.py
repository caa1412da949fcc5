"""Worker processes: one thread each, ended with their parent, Ctrl-C handled by the parent."""

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
    """Return the number of cores that this process may use.

    >>> available_cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_unordered(work: Callable[[T], Result], items: Sequence[T], *, jobs: int | None) -> Iterator[Result]:
    """Yield results of `work` in the order in which they are done.

    On an error or Ctrl-C, the items that have started are finished and no others are started.

    Args:
        work: function of one item; it and the items must be picklable.
        items: the items.
        jobs: number of processes; None: one per core; 1: this process.

    Raises:
        Exception: any exception of `work`.
    """
    jobs = min(available_cores() if jobs is None else jobs, len(items))
    if jobs <= 1:
        # One thread as in a worker: sums in another order would give other bytes.
        with threadpool_limits(1):
            for item in items:
                yield work(item)
        return
    # Spawned, not forked: a fork copies the locks of torch's threads in their current state.
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
    signals: list[int] = []
    in_main = current_thread() is main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, _: signals.append(number)) if in_main else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if _HAS_MASKS else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if in_main:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        if signals:
            signal.raise_signal(signal.SIGINT)


def _begin() -> None:
    if not _HAS_MASKS:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1)
    Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """Exit with the parent: the workers of a killed parent would wait for work forever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
