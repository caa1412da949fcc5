"""Training in one process, or in several that share each step (DDP), with the same progress and errors."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from lightning_fabric import Fabric
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from serenade.errors import SerenadeError

Send = Callable[[Any], None]
"""Passes a message to the process that started the training."""


class _SpawnedWork:
    """Work for a spawned process: its messages and its `SerenadeError` are sent to the parent process."""

    def __init__(self, work: Callable[[Fabric, Send], None], connection: Connection) -> None:
        self.work, self.connection = work, connection

    def __call__(self, fabric: Fabric) -> None:
        try:
            self.work(fabric, self.connection.send)
        except SerenadeError as error:
            self.connection.send(error)
            raise


def launch(fabric: Fabric, work: Callable[[Fabric, Send], None], receive: Send) -> None:
    """Run `work(fabric, send)` in every process of `fabric`.

    Args:
        fabric: not launched yet.
        work: must be picklable where there is more than one process.
        receive: called in this process with each message; from another thread where there are several
            processes.

    Raises:
        SerenadeError: raised by one of the processes, or one of them was terminated.
    """
    if fabric.world_size == 1:
        fabric.launch(work, receive)
        return
    receiver, sender = get_context("spawn").Pipe(duplex=False)
    errors: list[SerenadeError] = []

    def forward_messages() -> None:
        while True:
            try:
                message = receiver.recv()
            except EOFError:
                return
            if isinstance(message, SerenadeError):
                errors.append(message)
            else:
                receive(message)

    thread = Thread(target=forward_messages, daemon=True)
    thread.start()
    others = set(active_children())
    raised: Exception | None = None
    try:
        fabric.launch(_SpawnedWork(work, sender))
    except (ProcessRaisedException, ProcessExitedException) as cause:
        raised = cause
    finally:
        # Ctrl-C may have reached this process alone; the processes that it started must end too.
        for process in set(active_children()) - others:
            process.terminate()
            process.join()
        sender.close()
        thread.join()
    if errors:
        raise errors[0] from raised
    if isinstance(raised, ProcessExitedException):
        raise SerenadeError(
            f"one of the training processes was terminated ({raised}), perhaps for lack of memory; "
            "continue with --resume"
        ) from raised
    if raised is not None:
        raise raised
