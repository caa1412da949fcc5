"""Messages between the server and a worker: a JSON object, after jobs the content of their files.

A message is preceded by its length (4 bytes, big-endian). The message of jobs has the sizes of their
contents. Each message of a worker has the number of its job.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Literal

LENGTH = struct.Struct(">I")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker computes for one recording.

    Attributes:
        task: "predict": one prediction; "timeline": all segments.
        file: name of the recording.
        length_s: longest recording that is accepted, in seconds.
        window_s: as for `Model.timeline`.
        hop_s: as for `Model.timeline`.
    """

    task: Literal["predict", "timeline"]
    file: str
    length_s: float
    window_s: float | None = None
    hop_s: float | None = None


def jobs_to_bytes(jobs: Sequence[tuple[Job, bytes]]) -> bytes:
    """The message of jobs, before their contents."""
    return to_bytes(
        {"jobs": [asdict(job) for job, _ in jobs], "sizes": [len(content) for _, content in jobs]}
    )


def to_bytes(message: dict[str, Any]) -> bytes:
    r"""A message with its length.

    >>> to_bytes({"event": "ready"})[LENGTH.size :]
    b'{"event": "ready"}'
    """
    content = json.dumps(message).encode()
    return LENGTH.pack(len(content)) + content


def from_bytes(content: bytes) -> dict[str, Any]:
    """A message from the bytes after its length."""
    message: dict[str, Any] = json.loads(content)
    return message


def read_message(stream: BinaryIO) -> dict[str, Any] | None:
    """The next message of a stream; None at its end."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return from_bytes(stream.read(*LENGTH.unpack(head)))


def read_jobs(stream: BinaryIO) -> list[tuple[Job, bytes]] | None:
    """The next jobs of a stream with their contents; None at its end."""
    message = read_message(stream)
    if message is None:
        return None
    return [
        (Job(**job), stream.read(size)) for job, size in zip(message["jobs"], message["sizes"], strict=True)
    ]
