"""The connection to a Ray cluster."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from serenade.errors import ClusterError, missing_extra

LOCAL = "local"
"""The address that starts Ray on this machine."""

_CLIENT = "ray://"
_CLIENT_PORT = 10001
_TIMEOUT_S = 10.0
_LONGEST_REASON = 200
_TOKEN = "if the cluster has a token, this machine needs the same one, and RAY_AUTH_MODE=token"
_AGAIN = "start one with `ray start --head`, or use --cluster local for this machine"


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect to a cluster while the block runs; a connection that this process already has is used and kept.

    A SIGTERM, as batch systems send it, interrupts the block as Ctrl-C does.

    Args:
        address: "local" for the cores of this machine; "auto" for the cluster of which this machine is a
            node; `HOST:PORT` of its head node; `ray://HOST[:PORT]` from any machine.

    Raises:
        MissingExtra: Ray is not installed.
        ClusterError: there is no cluster at this address, or it has another version of Ray or Python.
    """
    require_reachable(address)
    import ray

    if ray.is_initialized():
        yield
        return
    try:
        try:
            ray.init(**_options(address))
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as cause:
            reason = " ".join(str(cause).split())[:_LONGEST_REASON] or type(cause).__name__
            # Ray's client reports a refused token as a timeout.
            advice = _AGAIN if address in (LOCAL, "auto") else f"{_TOKEN}; {_AGAIN}"
            raise ClusterError(
                f"cannot connect to the Ray cluster {address!r} ({reason}); {advice}"
            ) from cause
        with _interrupted_by_sigterm():
            yield
    finally:
        ray.shutdown()  # also if the start is interrupted, since some processes are there then


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Raise KeyboardInterrupt at SIGTERM; Ray's handler prints a stack and leaves its processes running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def require_ray() -> None:
    """Import the libraries of the extra `cluster`.

    Raises:
        MissingExtra: one of them is not installed.
    """
    # Read when Ray is imported and started. Nothing is reported to anybody.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    for library in ("ray", "pyarrow", "fsspec"):
        try:
            import_module(library)
        except ModuleNotFoundError as cause:
            raise missing_extra(cause, needed_by="--cluster") or cause from cause


def _options(address: str) -> dict[str, Any]:
    options: dict[str, Any] = {"address": address, "logging_level": "ERROR", "log_to_driver": False}
    if address == LOCAL:
        options["include_dashboard"] = False
        # Workers have the priority of the command; Ray's default is the lowest but four.
        os.environ.setdefault("RAY_worker_niceness", "0")
    elif address.startswith(_CLIENT) and ":" not in address.removeprefix(_CLIENT):
        options["address"] = f"{address}:{_CLIENT_PORT}"
    return options


def require_reachable(address: str) -> None:
    """Refuse an address where nothing listens; Ray itself would try for minutes, or end the process.

    Args:
        address: as for `connected`; not used if this process has a connection.

    Raises:
        MissingExtra: Ray is not installed.
        ClusterError: it is no address, or nothing listens there.
    """
    require_ray()
    import ray

    if address in (LOCAL, "auto") or ray.is_initialized():
        return
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    if not host and address.startswith(_CLIENT):
        host, port = port, str(_CLIENT_PORT)
    if not host or not port.isdecimal():
        raise ClusterError(
            f"{address!r} is not the address of a Ray cluster; use local, auto, HOST:PORT or ray://HOST:PORT"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_TIMEOUT_S).close()
    except (OSError, OverflowError) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise ClusterError(f"there is no Ray cluster at {address} ({reason}); {_AGAIN}") from cause
