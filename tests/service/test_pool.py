from __future__ import annotations

import asyncio
import os
import signal
from contextlib import aclosing

import onnxruntime
import pytest

from serenade.errors import ModelError
from serenade.service.errors import ServiceError
from serenade.service.messages import Job
from serenade.service.pool import WorkerPool

JOB = Job(task="predict", file="a.wav", length_s=60)


def with_pool(model, use, **options):
    """Run `use(pool)` with a pool of one worker."""

    async def run():
        pool = WorkerPool(str(model), size=1, time_s=30, **options)
        await pool.start()
        try:
            return await use(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def pid_of(pool):
    (worker,) = pool._alive
    return worker._process.pid


def test_a_model_that_cannot_be_loaded(tmp_path):
    async def use(pool):
        raise AssertionError

    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(ModelError, match="not a readable ONNX model"):
        with_pool(tmp_path / "model.onnx", use)


def test_a_device_that_is_not_there(model_file):
    async def use(pool):
        raise AssertionError

    with pytest.raises(ModelError, match="there is no device 'tpu'"):
        with_pool(model_file, use, device="tpu")
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        with pytest.raises(ModelError, match="needs onnxruntime-gpu"):
            with_pool(model_file, use, device="cuda")


def test_a_worker_that_a_file_ends_is_replaced(model_file, voice):
    async def use(pool):
        os.kill(pid_of(pool), signal.SIGSTOP)
        task = asyncio.create_task(pool.result(JOB, voice.read_bytes()))
        await asyncio.sleep(0.1)
        os.kill(pid_of(pool), signal.SIGKILL)
        with pytest.raises(ServiceError) as error:
            await task
        assert (error.value.code, error.value.file) == ("damaged_media", "a.wav")
        return await pool.result(JOB, voice.read_bytes()), pool.restarts

    result, restarts = with_pool(model_file, use)
    assert result["emotion"]
    assert restarts == 1


def test_a_worker_that_ended_while_it_was_idle_costs_no_request(model_file, voice):
    async def use(pool):
        os.kill(pid_of(pool), signal.SIGKILL)
        await asyncio.sleep(0.2)
        return await pool.result(JOB, voice.read_bytes())

    assert with_pool(model_file, use)["emotion"]


def test_a_job_whose_client_left_is_ended(model_file, example_folder):
    async def use(pool):
        job = Job(task="timeline", file="a.wav", length_s=60)
        async with aclosing(pool.run(job, (example_folder / "long.wav").read_bytes())) as messages:
            await anext(messages)
        assert pool.ready == 0
        return await pool.result(JOB, (example_folder / "call.wav").read_bytes())

    assert with_pool(model_file, use)["emotion"]


def test_no_process_is_left(model_file):
    async def use(pool):
        return pid_of(pool)

    pid = with_pool(model_file, use)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
