"""The progress bar of every command: on stderr, and only where stderr is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from serenade.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress


class ProgressBar:
    """A bar with a count and a note; made by `progress_bar`.

    Attributes:
        is_shown: stderr is a terminal.
    """

    def __init__(self, bar: Progress | None, *, title: str) -> None:
        self._bar = bar
        self.is_shown = bar is not None
        self._task = None if bar is None else bar.add_task(title, total=None, note="")

    def update(
        self, *, done: int | None = None, total: int | None = None, advance: int | None = None, note: str = ""
    ) -> None:
        """Show how far the work is.

        Args:
            done: what is done.
            total: how much there is to do.
            advance: what was done since the last call, instead of `done`.
            note: shown beside the bar, such as the name of a file.
        """
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, advance=advance, note=printable(note))


@contextmanager
def progress_bar(title: str, *, unit: str = "") -> Iterator[ProgressBar]:
    """Show a progress bar while the block runs.

    Args:
        title: what is done, one word.
        unit: what is counted, such as "recordings".
    """
    if not sys.stderr.isatty():
        # Importing rich takes a tenth of the time of a short command.
        yield ProgressBar(None, title=title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    # Lines for a terminal are printed above the bar; what goes into a pipe is not touched.
    with Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    ) as bar:
        yield ProgressBar(bar, title=title)


@contextmanager
def numbered_progress(title: str, *, unit: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show named steps while the block runs: as a bar, or as a line each if stderr is not a terminal.

    Args:
        title: what is done, one word.
        unit: what is counted, such as "runs".

    Yields:
        A function to call with the number of a step that begins, the number of all, and its name.
    """
    with progress_bar(title, unit=unit) as bar:

        def show(number: int, total: int, name: str) -> None:
            bar.update(done=number - 1, total=total, note=name)
            if not bar.is_shown:
                print(f"{number}/{total}  {name}", file=sys.stderr)

        yield show
