"""Processes that `torchrun` or `srun` started for one training, on one or several machines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StartedProcesses:
    """This process among those that were started for the same training.

    Attributes:
        rank: its number, from 0; the first one writes all files.
        count: all processes.
        per_machine: processes on each machine.
    """

    rank: int
    count: int
    per_machine: int

    @property
    def machines(self) -> int:
        """Number of machines."""
        return self.count // self.per_machine


def started_processes(environment: Mapping[str, str] = os.environ) -> StartedProcesses | None:
    """Return the processes that torchrun or srun started; None where this process was started alone.

    >>> names = ("TORCHELASTIC_RUN_ID", "RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
    >>> started_processes(dict(zip(names, "0342")))
    StartedProcesses(rank=3, count=4, per_machine=2)
    >>> started_processes({}) is None
    True
    """
    if "TORCHELASTIC_RUN_ID" in environment:
        names = ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
        rank, count, per_machine = (int(environment[name]) for name in names)
        return StartedProcesses(rank=rank, count=count, per_machine=per_machine)
    # A batch script of SLURM has the number of tasks too, but only a task of srun has a step.
    if "SLURM_STEP_ID" in environment and (count := int(environment.get("SLURM_NTASKS", 1))) > 1:
        machines = int(environment.get("SLURM_NNODES", 1))
        rank = int(environment["SLURM_PROCID"])
        return StartedProcesses(rank=rank, count=count, per_machine=count // machines)
    return None
