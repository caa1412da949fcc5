"""Commands that consist of other commands: each step is printed as the command that does the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer


def run_steps(steps: Iterable[Sequence[str | Path]]) -> None:
    """Run commands of serenade one after another; the first that fails ends the process with its exit code.

    Args:
        steps: the arguments of each command, such as `["evaluate", "run"]`. A generator may look at what
            earlier steps have written.
    """
    from rich.console import Console

    from serenade.cli.main import run

    console = Console(stderr=True, highlight=False)
    for step in steps:
        arguments = [str(argument) for argument in step]
        console.print(f"\n$ serenade {shlex.join(arguments)}", style="bold", markup=False, soft_wrap=True)
        code = run(arguments)
        if code:
            raise typer.Exit(code)
