"""Recordings of several requests in one computation."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from serenade import load_model
from serenade.service.batches import Batches
from serenade.service.errors import ServiceError
from serenade.service.messages import Job
from serenade.service.pool import WorkerPool


def results_of(model, contents, *, most=8, length_s=60.0, when_waiting=lambda worker: None):
    """Results or errors of recordings that wait while the only worker is busy; the batches, the restarts."""

    async def run():
        pool = WorkerPool(str(model), size=1, time_s=30)
        batches = Batches(pool, most=most)
        await pool.start()
        jobs = [Job(task="predict", file=f"{number}", length_s=length_s) for number in range(len(contents))]
        try:
            async with pool.worker() as worker:
                tasks = [
                    asyncio.create_task(batches.result(*pair)) for pair in zip(jobs, contents, strict=True)
                ]
                await asyncio.sleep(0.1)
                when_waiting(worker)
            results = await asyncio.gather(*tasks, return_exceptions=True)
            return results, batches.computed, pool.restarts
        finally:
            await batches.close()
            await pool.close()

    return asyncio.run(run())


def assert_as_alone(results, model_file, recordings):
    model = load_model(model_file)
    for number, (result, recording) in enumerate(zip(results, recordings, strict=True)):
        expected = model.predict(recording).to_dict() | {"file": str(number)}
        scores, others = result.pop("scores"), expected.pop("scores")
        assert [one["score"] for one in scores] == pytest.approx([one["score"] for one in others], abs=1e-5)
        assert [one["label"] for one in scores] == [one["label"] for one in others]
        assert result.pop("confidence") == pytest.approx(expected.pop("confidence"), abs=1e-5)
        assert result == expected


def test_recordings_that_wait_are_one_batch_with_the_predictions_of_each_alone(
    model_file, voices, example_folder
):
    recordings = [*voices[:6], example_folder / "long.wav"]
    results, computed, _ = results_of(model_file, [one.read_bytes() for one in recordings])
    assert computed == 1
    assert_as_alone(results, model_file, recordings)


def test_a_batch_has_a_largest_size(model_file, voices):
    results, computed, _ = results_of(model_file, [one.read_bytes() for one in voices[:5]], most=2)
    assert computed == 2
    assert_as_alone(results, model_file, voices[:5])


@pytest.mark.parametrize("seconds", [(3.0, 12.0), (2.0, 0.5)])
def test_the_bundled_model_too(seconds, toy, tmp_path):
    files = [toy.write_voice(tmp_path / f"{number}.wav", length) for number, length in enumerate(seconds)]
    results, _, _ = results_of("serenade-base", [one.read_bytes() for one in files])
    assert_as_alone(results, "serenade-base", files)


def test_a_bad_file_of_a_batch_has_its_own_error(model_file, voices):
    contents = [voices[0].read_bytes(), b"no sound", voices[1].read_bytes(), voices[11].read_bytes()]
    results, computed, restarts = results_of(model_file, contents, length_s=4.0)
    assert (computed, restarts) == (1, 0)
    assert [getattr(result, "code", "ok") for result in results] == [
        "ok",
        "unsupported_media",
        "ok",
        "too_long",
    ]
    assert results[1].file == "1"


def test_a_file_that_ends_the_worker_costs_the_others_nothing(model_file, voices):
    def end_soon(worker):
        os.kill(worker._process.pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(0.2, os.kill, worker._process.pid, signal.SIGKILL)

    contents = [one.read_bytes() for one in voices[:3]]
    results, computed, restarts = results_of(model_file, contents, when_waiting=end_soon)
    assert (computed, restarts) == (1, 1)
    assert_as_alone(results, model_file, voices[:3])


def test_a_single_file_that_ends_the_worker_is_not_tried_again(model_file, voices):
    def end_soon(worker):
        os.kill(worker._process.pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(0.2, os.kill, worker._process.pid, signal.SIGKILL)

    (error,), computed, restarts = results_of(model_file, [voices[0].read_bytes()], when_waiting=end_soon)
    assert isinstance(error, ServiceError)
    assert (error.code, computed, restarts) == ("damaged_media", 0, 1)
