"""Batches: recordings of several requests that wait at the same time are computed together."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from serenade.service.errors import ServiceError
from serenade.service.messages import Job
from serenade.service.pool import WorkerPool, error_of


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A job that waits for a worker.

    Attributes:
        job: what to compute.
        content: the bytes of its file.
        answer: the prediction; None if it must be computed alone.
    """

    job: Job
    content: bytes
    answer: asyncio.Future[dict[str, Any] | None]


class Batches:
    """The jobs of the task "predict" that wait for a worker.

    A worker that becomes free takes several of them, but leaves to other free workers their share. A file
    that ends the worker, or that takes too long, costs the others of its batch time only: each is then
    computed alone.

    Attributes:
        computed: number of batches of two or more recordings.
    """

    def __init__(self, pool: WorkerPool, *, most: int) -> None:
        self.computed = 0
        self._pool = pool
        self._most = most
        self._waiting: list[_Waiting] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def result(self, job: Job, content: bytes) -> dict[str, Any]:
        """The prediction of a job.

        Raises:
            ServiceError: as `WorkerPool.run`.
        """
        if self._most > 1:
            waiting = _Waiting(job, content, asyncio.get_running_loop().create_future())
            self._waiting.append(waiting)
            task = asyncio.create_task(self._compute_next())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            prediction = await waiting.answer
            if prediction is not None:
                return prediction
        return await self._pool.result(job, content)

    async def close(self) -> None:
        """End what still waits for a worker."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _compute_next(self) -> None:
        """Wait for a worker, and compute what waits by then; nothing if an earlier batch took all."""
        async with self._pool.worker() as worker:
            batch = self._take()
            if not batch:
                return
            self.computed += len(batch) > 1
            jobs = [(waiting.job, waiting.content) for waiting in batch]
            try:
                async with aclosing(worker.run(jobs, time_s=self._pool.time_s)) as messages:
                    async for number, message in messages:
                        _answer(batch[number], message)
            except ServiceError as error:
                if len(batch) == 1 and not batch[0].answer.done():
                    batch[0].answer.set_exception(error)
            finally:  # which file of a batch it was shows when each is computed alone
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_result(None)

    def _take(self) -> list[_Waiting]:
        """The jobs of the next batch."""
        waiting = [one for one in self._waiting if not one.answer.done()]
        share = -(-len(waiting) // (1 + self._pool.idle))
        batch, self._waiting = waiting[: min(share, self._most)], waiting[min(share, self._most) :]
        return batch


def _answer(waiting: _Waiting, message: dict[str, Any]) -> None:
    """Pass the last message of a job on to its request."""
    if waiting.answer.done():  # the client left
        return
    if message["event"] == "result":
        waiting.answer.set_result(message["prediction"])
    elif message["event"] == "error":
        waiting.answer.set_exception(error_of(message, waiting.job))
    elif message["event"] == "alone":
        waiting.answer.set_result(None)
