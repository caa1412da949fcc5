"""`serenade predict`: which emotion is in these recordings."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from serenade.inference.writers import Recording


class Format(StrEnum):
    """What the answers are written as."""

    table = "table"
    csv = "csv"
    json = "json"
    jsonl = "jsonl"
    vtt = "vtt"
    srt = "srt"
    rttm = "rttm"
    textgrid = "textgrid"
    audformat = "audformat"


def predict(
    recordings: Annotated[
        list[str], typer.Argument(metavar="FILE|FOLDER|GLOB…", help="Recordings; folders with all below.")
    ],
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="M", help="ONNX file, model folder, run or name.")
    ] = None,
    timeline: Annotated[bool, typer.Option("--timeline", help="Answer every few seconds.")] = False,
    format: Annotated[
        Format | None, typer.Option("--format", help="As --out ends, else a table.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="F", help="File to write; csv and jsonl go on where they stopped."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a recording is unreadable.")
    ] = False,
    figures: Annotated[
        Path | None, typer.Option("--figures", metavar="DIR", help="Draw each recording as PNG (matplotlib).")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Recordings heard at once.")] = 1,
) -> None:
    """Hear which emotion is in recordings, with the confidence of every class."""
    from serenade.inference import figures as pictures
    from serenade.inference.output import Output, format_of
    from serenade.inference.predictor import Predictor
    from serenade.inference.recordings import find_recordings
    from serenade.inference.tally import Tally
    from serenade.inference.writers import OVER_TIME

    if figures is not None:
        pictures.require_matplotlib()
    chosen = str(format or format_of(out))
    over_time = timeline or chosen in OVER_TIME
    predictor = Predictor(model, jobs=jobs)
    spec = predictor.model.spec
    files = find_recordings(recordings)
    tally = Tally(rate_hz=predictor.rate_hz)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    with _progress_on_stderr() as progress:
        output = Output(
            format=chosen,
            spec=spec,
            over_time=over_time,
            out=out,
            stdout=sys.stdout,
            width=width,
        )

        def ask(asked: Sequence[Path]) -> Iterator[Recording]:
            answers: Iterator[Recording]
            if over_time:
                answers = predictor.timelines(asked, progress=progress.inside)
            else:
                answers = ([answer] for answer in predictor.predict_files(asked, progress=progress.inside))
            return progress.passing(answers, total=len(asked))

        earlier = output.write(ask, files, tally=tally)
    if figures is not None:
        pictures.draw_all(predictor, [file for file in files if str(file) not in tally.failed], figures)
    for file, reason in tally.failed.items():
        print(f"{file}: {reason}", file=sys.stderr)
    if earlier:
        print(f"went on where an earlier run ended: {earlier:,} were answered already", file=sys.stderr)
    print(
        f"{tally}; model {spec.name} {spec.version} ({spec.license or 'no licence stated'})", file=sys.stderr
    )
    if not tally.answered or (strict and tally.failed):
        raise typer.Exit(1)


class _Progress:
    """A bar over the recordings, with the place inside a long one."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def passing(self, recordings: Iterable[Recording], *, total: int) -> Iterator[Recording]:
        self._bar.update(self._task, total=total)
        for recording in recordings:
            self._bar.update(self._task, advance=1, description="")
            yield recording

    def inside(self, file: str, seconds: float) -> None:
        minutes, seconds = divmod(int(seconds), 60)
        self._bar.update(self._task, description=f"{Path(file).name} {minutes}:{seconds:02}")


@contextmanager
def _progress_on_stderr() -> Iterator[_Progress]:
    """A bar where stderr is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        BarColumn(), MofNCompleteColumn(), TextColumn("recordings"), TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )  # fmt: skip
    # Rows for a terminal are printed above the bar; what goes into a pipe is left alone.
    both = sys.stdout.isatty()
    disable = not console.is_terminal
    with Progress(*columns, console=console, disable=disable, transient=True, redirect_stdout=both) as bar:
        yield _Progress(bar)
