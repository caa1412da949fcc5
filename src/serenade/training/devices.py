"""One process, or several that share each step (DDP): the caller hears the same lines and the same errors."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from lightning_fabric import Fabric
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from serenade.errors import SerenadeError

Tell = Callable[[Any], None]


class Launched:
    """Work as it runs in a process that was started for it: what it tells goes to the one that started it."""

    def __init__(self, work: Callable[[Fabric, Tell], None], to: Connection) -> None:
        self.work, self.to = work, to

    def __call__(self, fabric: Fabric) -> None:
        """Run the work; an error that has a sentence is told before it ends this process."""
        try:
            self.work(fabric, self.to.send)
        except SerenadeError as error:
            self.to.send(error)
            raise


def launch(fabric: Fabric, work: Callable[[Fabric, Tell], None], tell: Tell) -> None:
    """Run `work(fabric, tell)` in every process of `fabric`.

    Args:
        fabric: not launched yet.
        work: must be picklable where there is more than one process.
        tell: called with what the processes tell, in this one (from a thread of its own where there are
            several).

    Raises:
        SerenadeError: what one of the processes raised, or that one was ended from outside.
    """
    if fabric.world_size == 1:
        fabric.launch(work, tell)
        return
    receiver, sender = get_context("spawn").Pipe(duplex=False)
    errors: list[SerenadeError] = []

    def listen() -> None:
        while True:
            try:
                told = receiver.recv()
            except EOFError:
                return
            if isinstance(told, SerenadeError):
                errors.append(told)
            else:
                tell(told)

    listener = Thread(target=listen, daemon=True)
    listener.start()
    others = set(active_children())
    raised: Exception | None = None
    try:
        fabric.launch(Launched(work, sender))
    except (ProcessRaisedException, ProcessExitedException) as cause:
        raised = cause
    finally:
        # Ctrl-C may have reached this process alone; those it started must not go on without it.
        for process in set(active_children()) - others:
            process.terminate()
            process.join()
        sender.close()
        listener.join()
    if errors:
        raise errors[0] from raised
    if isinstance(raised, ProcessExitedException):
        raise SerenadeError(
            f"one of the training processes was ended from outside ({raised}), perhaps for want of memory; "
            "go on with --resume"
        ) from raised
    if raised is not None:
        raise raised
