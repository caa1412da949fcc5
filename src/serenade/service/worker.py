"""The process that decodes and predicts: `python -m serenade.service.worker [MODEL]`.

A file of a client is decoded here alone, so that one that never ends, or that ends the decoder, costs a
process and not the server. Jobs arrive on standard input, messages leave on standard output.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from serenade.audio.decode import probe
from serenade.errors import SerenadeError
from serenade.inference.load import load_model
from serenade.inference.model import Model
from serenade.inference.windows import mean_of
from serenade.service.messages import Job, read_message, to_bytes

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
        send({"event": "result", "prediction": prediction.to_dict() | {"file": job.file}})
    except SerenadeError as error:
        send({"event": "error", "code": error.code, "message": error.message})


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

    def send(message: dict[str, Any]) -> None:
        output.write(to_bytes(message))
        output.flush()

    try:
        model = load_model(sys.argv[1] if len(sys.argv) > 1 else None)
    except SerenadeError as error:
        send({"event": "error", "code": error.code, "message": str(error)})
        return
    send({"event": "ready"})
    while (message := read_message(sys.stdin.buffer)) is not None:
        content = sys.stdin.buffer.read(message["size"])
        run_job(model, Job(**message["job"]), content, send=send)


if __name__ == "__main__":
    main()
