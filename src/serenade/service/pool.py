"""Worker processes: one job each at a time, killed at the time limit and started again."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

from serenade.errors import ModelError
from serenade.service.errors import STATUS, ServiceError
from serenade.service.messages import LENGTH, Job, from_bytes, jobs_to_bytes

_log = logging.getLogger(__name__)

_START_S = 60.0
"""Longest time that a worker may take to load its model."""
_RESTART_S = 1.0
"""Pause before another try if a worker cannot be started again."""
_FINAL = ("result", "error", "alone")


class Worker:
    """One process of `serenade.service.worker`.

    Attributes:
        is_busy: whether it has a job that it did not finish.
    """

    def __init__(self, process: Process) -> None:
        self.is_busy = False
        self._process = process

    @classmethod
    async def start(cls, model: str | None, *, device: str = "cpu") -> Worker:
        """Start a process and wait until its model is loaded.

        Raises:
            ModelError: the model cannot be loaded.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "serenade.service.worker", device, *([model] if model else [])),
            stdin=PIPE,
            stdout=PIPE,
            # Threads that wait must not take the processor from other workers.
            env=os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"},
        )
        worker = cls(process)
        message = await worker._receive(_START_S)
        if message is None or message["event"] != "ready":
            await worker.kill()
            raise ModelError(message["message"] if message else "the worker did not start; see its output")
        return worker

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    async def run(
        self, jobs: Sequence[tuple[Job, bytes]], *, time_s: float
    ) -> AsyncGenerator[tuple[int, dict[str, Any]]]:
        """Compute jobs; the last message of each is "result", "error" or, in a batch, "alone".

        Args:
            jobs: what to compute, with the bytes of the files; several are of the task "predict".
            time_s: the longest time without a message.

        Yields:
            The number of a job, and a message.

        Raises:
            ServiceError: the time limit, or the process ended.
        """
        assert self._process.stdin is not None
        self.is_busy, unfinished, job = True, len(jobs), jobs[0][0]
        try:
            self._process.stdin.write(jobs_to_bytes(jobs))
            for _, content in jobs:
                self._process.stdin.write(content)
            await asyncio.wait_for(self._process.stdin.drain(), time_s)
            while self.is_busy:
                message = await self._receive(time_s)
                if message is None:
                    raise await self._ended(job)
                unfinished -= message["event"] in _FINAL
                self.is_busy = unfinished > 0
                yield message.pop("job"), message
        except TimeoutError:
            raise ServiceError(
                "time_limit",
                f"was not decoded within {time_s:g} s and was given up; convert it to WAV or send it later",
                file=job.file,
            ) from None
        except ConnectionError:
            raise await self._ended(job) from None

    async def kill(self) -> None:
        """End the process at once."""
        if self.is_alive:
            self._process.kill()
        await self._process.wait()

    async def _receive(self, time_s: float) -> dict[str, Any] | None:
        """The next message; None if the process ended."""
        assert self._process.stdout is not None
        async with asyncio.timeout(time_s):
            try:
                (size,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
                return from_bytes(await self._process.stdout.readexactly(size))
            except asyncio.IncompleteReadError:
                return None

    async def _ended(self, job: Job) -> ServiceError:
        """The error of a process that ended during a job."""
        status = await self._process.wait()
        _log.error("a worker ended with status %s during a job", status)
        if status < 0:  # a signal: the file made a decoder fail
            return ServiceError(
                "damaged_media", "is damaged: the decoder failed on it; export it again", file=job.file
            )
        return ServiceError("internal", "the server failed; its log has the reason", file=job.file)


class WorkerPool:
    """A fixed number of workers; a job waits for the first that is free.

    Attributes:
        size: number of workers.
        time_s: longest time that a worker may send no message during a job.
        restarts: how often a worker was replaced.
    """

    def __init__(self, model: str | None, *, device: str = "cpu", size: int, time_s: float) -> None:
        self.size = size
        self.restarts = 0
        self._new_worker = partial(Worker.start, model, device=device)
        self.time_s = time_s
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._alive: set[Worker] = set()
        self._starting: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> int:
        """Workers that run, with the model loaded."""
        return sum(worker.is_alive for worker in self._alive)

    async def start(self) -> None:
        """Start the workers.

        Raises:
            ModelError: the model cannot be loaded.
        """
        for worker in await asyncio.gather(*(self._new_worker() for _ in range(self.size))):
            self._add(worker)

    async def close(self) -> None:
        """End all workers."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(worker.kill() for worker in self._alive))
        self._alive.clear()

    @property
    def idle(self) -> int:
        """Workers that have nothing to do."""
        return self._idle.qsize()

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """The next free worker; replaced if it has an unfinished job in the end."""
        while not (worker := await self._idle.get()).is_alive:
            self._replace(worker)
        try:
            yield worker
        finally:
            if worker.is_busy:
                self._replace(worker)
            else:
                self._idle.put_nowait(worker)

    async def run(self, job: Job, content: bytes) -> AsyncGenerator[dict[str, Any]]:
        """Compute a job by the next free worker: "progress" and "segment" messages, then "result".

        A worker whose job was not finished, also because the client left, is killed and replaced.

        Raises:
            ServiceError: the file cannot be decoded, is too long, or took too long.
        """
        async with (
            self.worker() as worker,
            aclosing(worker.run([(job, content)], time_s=self.time_s)) as messages,
        ):
            async for _, message in messages:
                if message["event"] == "error":
                    raise error_of(message, job)
                yield message

    async def result(self, job: Job, content: bytes) -> dict[str, Any]:
        """The prediction of a job; see `run`."""
        async with aclosing(self.run(job, content)) as messages:
            *_, last = [message async for message in messages]
        prediction: dict[str, Any] = last["prediction"]
        return prediction

    def _add(self, worker: Worker) -> None:
        self._alive.add(worker)
        self._idle.put_nowait(worker)

    def _replace(self, worker: Worker) -> None:
        self.restarts += 1
        self._alive.discard(worker)
        task = asyncio.create_task(self._restart(worker))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _restart(self, worker: Worker) -> None:
        await worker.kill()
        while True:
            try:
                self._add(await self._new_worker())
                return
            except (ModelError, OSError, TimeoutError) as error:
                _log.error("a worker cannot be started: %s", error)
                await asyncio.sleep(_RESTART_S)


def error_of(message: dict[str, Any], job: Job) -> ServiceError:
    """The error that a worker reports."""
    code = message["code"] if message["code"] in STATUS else "invalid_request"
    return ServiceError(code, message["message"], file=job.file)
