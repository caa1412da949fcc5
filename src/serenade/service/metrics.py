"""Metrics of one server, in the text format of Prometheus."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serenade.service.batches import Batches
from serenade.service.pool import WorkerPool

_BUCKETS_S = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
_OTHER = "other"


class Metrics:
    """Counts requests and reads the state of the workers.

    Attributes:
        registry: what `/metrics` writes.
    """

    def __init__(self, pool: WorkerPool, batches: Batches, *, paths: frozenset[str]) -> None:
        self.registry = CollectorRegistry()
        self._paths = paths
        self._requests = Counter(
            "serenade_requests", "Finished requests.", ["path", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "serenade_request_seconds",
            "Duration of requests.",
            ["path"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._active = Gauge("serenade_requests_active", "Requests in progress.", registry=self.registry)
        for name, about, read in (
            ("serenade_workers_ready", "Workers that have loaded the model.", lambda: pool.ready),
            ("serenade_worker_restarts", "Workers that were replaced.", lambda: pool.restarts),
            ("serenade_batches", "Computations of several recordings.", lambda: batches.computed),
        ):
            Gauge(name, about, registry=self.registry).set_function(read)

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """An app that counts the requests of another."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            # Any other path is one of a client, and each would be a time series of its own.
            path = scope["path"] if scope["path"] in self._paths else _OTHER
            status, start = "aborted", time.monotonic()

            async def send_counted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = str(message["status"])
                await send(message)

            with self._active.track_inprogress():
                try:
                    await app(scope, receive, send_counted)
                finally:
                    self._requests.labels(path, status).inc()
                    self._seconds.labels(path).observe(time.monotonic() - start)

        return counted
