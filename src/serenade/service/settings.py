"""Settings and limits of the service."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts that other machines cannot reach."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one server accepts; a request beyond a limit gets the status in brackets.

    Attributes:
        upload_bytes: size of the body of a request (413).
        files: recordings in one request (422).
        length_s: length of a recording in seconds (413).
        time_s: seconds that a recording may be decoded and predicted without progress (503).
        upload_time_s: seconds to wait for the next bytes of a body (408).
        requests: requests at a time that wait or are computed (503).
        requests_per_client: those of one client address (429).
        streams: open streams at a time (closed with 1013).
    """

    upload_bytes: int = 200_000_000
    files: int = 32
    length_s: float = 4 * 3600
    time_s: float = 60
    upload_time_s: float = 30
    requests: int = 128
    requests_per_client: int = 64
    streams: int = 8


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a server is set up.

    Attributes:
        model: what `load_model` takes; None for the first bundled model.
        host: address to listen on.
        device: where the workers compute the model, "cpu" or "cuda".
        port: port to listen on; 0 for a free one.
        token: bearer token that requests to `/v1` and `/metrics` must have; None for no token.
        workers: processes that decode and predict.
        batch: recordings of all requests that a worker computes together if they wait; 1 for none.
        limits: see `Limits`.

    >>> Settings().is_local, Settings(host="0.0.0.0").is_local
    (True, False)
    """

    model: str | None = None
    device: str = "cpu"
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    workers: int = max(1, min(4, os.cpu_count() or 1))
    batch: int = 4
    limits: Limits = Limits()

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK
