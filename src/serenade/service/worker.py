"""The process that decodes and predicts: `python -m serenade.service.worker DEVICE [MODEL]`.

A file of a client is decoded here alone, so that one that never ends, or that ends the decoder, costs a
process and not the server. Jobs arrive on standard input, messages leave on standard output.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from serenade.audio.decode import probe
from serenade.errors import SerenadeError
from serenade.inference.batch import predict_segments, short_segment
from serenade.inference.load import load_model
from serenade.inference.model import Model
from serenade.inference.prediction import Prediction
from serenade.inference.windows import mean_of
from serenade.service.messages import Job, read_jobs, to_bytes

Send = Callable[[dict[str, Any]], None]

_PROGRESS_S = 0.2
"""Least time between two messages about progress."""


class TooLong(SerenadeError):
    """A recording that is longer than the server accepts."""

    code = "too_long"


def run_job(model: Model, job: Job, content: bytes, *, send: Send) -> None:
    """Compute one job.

    Args:
        model: the loaded model.
        job: what to compute.
        content: the bytes of the file.
        send: is passed the messages: "progress" and "segment" any number of times, then "result" or "error".

    >>> from pathlib import Path
    >>> job = Job(task="predict", file="call.wav", length_s=60)
    >>> messages = []
    >>> content = Path("call.wav").read_bytes()
    >>> run_job(load_model("model.onnx"), job, content, send=messages.append)
    >>> [message["event"] for message in messages], messages[-1]["prediction"]["emotion"]
    (['progress', 'result'], 'sadness')
    """
    progress = _Progress(job, send)
    try:
        if job.task == "timeline":
            model.windows(window_s=job.window_s, hop_s=job.hop_s)  # raises before any message
        progress.open(probe(content).duration_s)
        if job.task == "predict":
            prediction = model.predict(content, progress=progress.update)
        else:
            segments = []
            for segment in model.timeline(content, window_s=job.window_s, hop_s=job.hop_s):
                segments.append(segment)
                send({"event": "segment", "prediction": segment.to_dict() | {"file": job.file}})
                progress.update("", segment.end)
            prediction = mean_of(iter(segments), unsure_below=model.spec.unsure_below)
        send(_result(job, prediction))
    except SerenadeError as error:
        send(_error(error))


def run_batch(
    model: Model, jobs: Sequence[tuple[Job, bytes]], *, send: Callable[[int, dict[str, Any]], None]
) -> None:
    """Compute jobs of the task "predict" together.

    A recording that is longer than a window would hold up the others: its message is "alone", and nothing is
    computed.

    Args:
        model: the loaded model.
        jobs: with the bytes of their files.
        send: is passed the number of a job and a message; "result", "error" or "alone" is its last.
    """
    segments = {}
    for number, (job, content) in enumerate(jobs):
        progress = _Progress(job, partial(send, number))
        try:
            progress.open(probe(content).duration_s)
            segment = short_segment(model, content) if model.has_timeline else None
            if segment is None:
                send(number, {"event": "alone"})
            else:
                progress.update("", segment.quality.duration_s)
                segments[number] = segment
        except SerenadeError as error:
            send(number, _error(error))
    try:
        predictions = predict_segments(model, list(segments.values()))
    except SerenadeError as error:
        for number in segments:
            send(number, _error(error))
        return
    for number, prediction in zip(segments, predictions, strict=True):
        send(number, _result(jobs[number][0], prediction))


def _result(job: Job, prediction: Prediction) -> dict[str, Any]:
    return {"event": "result", "prediction": prediction.to_dict() | {"file": job.file}}


def _error(error: SerenadeError) -> dict[str, Any]:
    return {"event": "error", "code": error.code, "message": error.message}


class _Progress:
    """Reports how far a recording was read, and ends one that is too long."""

    def __init__(self, job: Job, send: Send) -> None:
        self._job = job
        self._send = send
        self._duration_s = 0.0
        self._last = 0.0

    def open(self, duration_s: float) -> None:
        """Report the length that the file states."""
        self._duration_s = duration_s
        self._require(duration_s)
        self.update("", 0.0)

    def update(self, _: str, done_s: float) -> None:
        """Report the seconds that were read, at most five times a second."""
        self._require(done_s)  # a damaged file can be longer than it states
        now = time.monotonic()
        if now - self._last >= _PROGRESS_S:
            self._last = now
            duration_s = max(self._duration_s, done_s)
            self._send({"event": "progress", "done_s": round(done_s, 3), "duration_s": round(duration_s, 3)})

    def _require(self, seconds: float) -> None:
        if seconds > self._job.length_s:
            raise TooLong(
                f"is {seconds:,.0f} s long, and this server accepts up to {self._job.length_s:,.0f} s; "
                "split it"
            )


def main() -> None:
    """Load the model, then compute jobs until standard input ends."""
    # Libraries that print must not print into the messages.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Ctrl-C reaches all processes of a terminal, and a job that is running is still finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def send(number: int, message: dict[str, Any]) -> None:
        output.write(to_bytes(message | {"job": number}))
        output.flush()

    try:
        device, *models = sys.argv[1:]
        model = load_model(models[0] if models else None, device=device)
    except SerenadeError as error:
        send(0, _error(error) | {"message": str(error)})
        return
    send(0, {"event": "ready"})
    while (jobs := read_jobs(sys.stdin.buffer)) is not None:
        if len(jobs) > 1:
            run_batch(model, jobs, send=send)
        else:
            run_job(model, *jobs[0], send=partial(send, 0))


if __name__ == "__main__":
    main()
