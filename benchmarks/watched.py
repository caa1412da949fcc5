"""A command in a process of its own, watched from outside: time and memory of all that it starts."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_EVERY_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What a command took.

    Attributes:
        seconds: wall time.
        processor_s: of all its processes, user and system.
        peak_mib: of all its processes together; what they share, libraries above all, counts for each.
        anonymous_mib: the part of that peak which is no file's.
        code: of exit; negative for a signal.
        out: what it printed.
        err: what it printed on stderr.
    """

    seconds: float
    processor_s: float
    peak_mib: float
    anonymous_mib: float
    code: int
    out: str
    err: str


def watch(command: Sequence[str | Path], *, end_when: Callable[[], bool] | None = None) -> Watched:
    """Run a command to its end, or kill it (SIGKILL, the first process alone) as soon as `end_when` says so.

    Raises:
        RuntimeError: it failed, though not killed.
    """
    peak = (0.0, 0.0)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        process = subprocess.Popen([*map(str, command)], stdout=out, stderr=err)
        while True:
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, memory_mib(process.pid))
            if end_when is not None and end_when():
                process.kill()
            time.sleep(_EVERY_S)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        told = Watched(
            seconds=seconds,
            processor_s=used.ru_utime + used.ru_stime,
            peak_mib=max(peak[0], used.ru_maxrss / 1024),  # of one process, also between two looks
            anonymous_mib=peak[1],
            code=process.returncode,
            out=out.read(),
            err=err.read(),
        )
    if told.code and end_when is None:
        raise RuntimeError(f"{command} ended with {told.code}: {told.err}")
    return told


def memory_mib(pid: int) -> tuple[float, float]:
    """Memory of a process and all below it: in all, and anonymous."""
    resident = anonymous = 0
    for one in tree(pid):
        with suppress(OSError):  # it ended just now
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                name, _, value = line.partition(":")
                resident += int(value.split()[0]) if name == "Rss" else 0
                anonymous += int(value.split()[0]) if name == "Anonymous" else 0
    return resident / 1024, anonymous / 1024


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    return found
