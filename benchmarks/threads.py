"""Seconds of a training epoch alone and beside busy processes, with PyTorch's threads waiting in three ways.

python benchmarks/threads.py [--nice N]

The recipe of `serenade demo` is trained for two epochs in a process of its own; the second one counts. The
three ways: OpenMP's default (waiting threads are busy), OMP_WAIT_POLICY=passive, which `serenade` sets, and
one thread. The machine must do nothing else; with --nice -20, other processes get little time.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import serenade.assets
from serenade.features.prepare import prepare
from serenade.folders import RunFolder
from serenade.synthetic.cremad import make_cremad

RECIPE = Path(serenade.assets.__file__).with_name("demo.toml")
WAYS: dict[str, dict[str, str]] = {
    "default of OpenMP": {},
    "passive waiting (`serenade train`)": {"OMP_WAIT_POLICY": "passive"},
    "one thread (`--threads 1`)": {"OMP_NUM_THREADS": "1"},
}
LIMIT_S = 120
TRAIN = """
import sys
from serenade.training.recipe import load_recipe
from serenade.training.run import train
recipe = load_recipe(sys.argv[1], changes=["training.epochs=2"])
train(recipe, store=sys.argv[2], out=sys.argv[3])
"""


def seconds_of_an_epoch(store: Path, *, beside: int, setting: dict[str, str]) -> float | None:
    """Seconds of the second epoch; None if two epochs take longer than `LIMIT_S`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    with tempfile.TemporaryDirectory() as scratch, busy_processes(beside):
        run = RunFolder(Path(scratch) / "run")
        command = [sys.executable, "-c", TRAIN, *map(str, (RECIPE, store, run.path))]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, env=environment | setting, check=True, timeout=LIMIT_S)
        log = run.read_log() if run.log.exists() else []
    return log[1]["seconds"] if len(log) > 1 else None


@contextlib.contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Processes that compute without pause."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def table(store: Path) -> str:
    """Every way beside no, one and two busy processes, as Markdown."""
    lines = [
        "| seconds of an epoch | alone | beside one busy process | beside two |",
        "|---|---:|---:|---:|",
    ]
    for name, setting in WAYS.items():
        cells = []
        for beside in range(3):
            seconds = seconds_of_an_epoch(store, beside=beside, setting=setting)
            cells.append(f"more than {LIMIT_S // 2}" if seconds is None else f"{seconds:.1f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--nice", type=int, default=0, help="niceness of all processes; below 0 for root only"
    )
    os.nice(parser.parse_args().nice)
    with tempfile.TemporaryDirectory() as scratch:
        corpus, store = Path(scratch) / "corpus", Path(scratch) / "store"
        make_cremad(corpus, rng=np.random.default_rng(7))
        prepare(corpus, store, augment=1)
        print(f"On {os.cpu_count()} cores; the recipe of `serenade demo`.\n\n{table(store)}")


if __name__ == "__main__":
    main()
