"""Training on CPU or GPU, in one process or in several that share each step (DDP).

Progress and errors are the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, Literal, get_args

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from serenade.errors import DeviceError, SerenadeError
from serenade.training.precision import fabric_precision
from serenade.training.processes import started_processes

Send = Callable[[Any], None]
"""Passes a message to the process that started the training."""


TrainingDevice = Literal["auto", "cpu", "cuda"]
"""Devices for training; "auto" is a GPU if there is one, else the CPU."""


def require_device(device: str) -> None:
    """Check that a device exists.

    Raises:
        DeviceError: there is no such device, or no usable GPU.
    """
    if device not in (names := get_args(TrainingDevice)):
        raise DeviceError(f"there is no device {device!r:.40}; use {', '.join(names[:-1])} or {names[-1]}")
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            f"--device cuda: PyTorch {torch.__version__} finds no usable GPU; check nvidia-smi, and install "
            "a build of PyTorch for CUDA (https://pytorch.org/get-started/locally)"
        )


def create_fabric(device: str = "auto", *, devices: int = 1, precision: str = "auto") -> Fabric:
    """Create a Fabric that is not launched yet.

    Args:
        device: one of `TrainingDevice`.
        devices: GPUs, or processes on the CPU, that share each step (DDP). Where torchrun or srun started
            several processes, these share each step instead.
        precision: as in a recipe; "auto" is mixed bf16 where the device computes it.

    Raises:
        DeviceError: there is no such device, no usable GPU, or fewer GPUs than `devices`.

    >>> create_fabric("cpu", precision="fp32").device
    device(type='cpu')
    """
    require_device(device)
    started = started_processes()
    if started is not None and devices > 1:
        raise DeviceError(
            f"torchrun or srun started {started.count} processes already; leave out --devices {devices}"
        )
    strategy = "ddp" if started is not None else "ddp_spawn" if devices > 1 else "auto"
    try:
        return Fabric(
            accelerator=device,
            devices=devices if started is None else started.per_machine,
            num_nodes=1 if started is None else started.machines,
            strategy=strategy,
            precision=fabric_precision(precision, device=device),
        )
    except MisconfigurationException as cause:
        raise DeviceError(f"--devices {devices} is not possible on this machine: {cause}") from cause


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
    if fabric.world_size == 1 or started_processes() is not None:
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
