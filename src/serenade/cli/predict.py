"""`serenade predict`: which emotion is in these recordings, or texts."""

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
    import numpy as np
    from numpy.typing import NDArray
    from rich.progress import Progress as Bar

    from serenade.inference.conversation import Encode
    from serenade.inference.model import Model
    from serenade.inference.utterances import Utterance
    from serenade.output.tally import Tally
    from serenade.output.writers import Recording
    from serenade.spec import Spec


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
        list[str] | None,
        typer.Argument(metavar="[FILE|FOLDER|GLOB…]", help="Recordings; folders with all below."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="T", help="A text, a .txt of lines, or a CSV with file,text,dialogue,speaker."
        ),
    ] = None,
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
    from serenade.errors import ModelError
    from serenade.inference.model import SOUND, default_model, load_model
    from serenade.inference.predictor import Predictor
    from serenade.inference.recordings import find_recordings
    from serenade.inference.utterances import Utterance, read_utterances
    from serenade.output import figures as pictures
    from serenade.output.output import Output, format_of
    from serenade.output.tally import Tally
    from serenade.output.writers import OVER_TIME

    if figures is not None:
        pictures.require_matplotlib()
    chosen = str(format or format_of(out))
    over_time = timeline or chosen in OVER_TIME
    if not recordings and text is None:
        raise typer.BadParameter(
            "name a recording, or give a text with --text", param_hint="FILE|FOLDER|GLOB…"
        )
    if text is not None and (over_time or figures is not None):
        raise typer.BadParameter("has one answer an utterance: no timeline, no figures", param_hint="--text")
    loaded = load_model(model if model is not None else default_model(), threads=1)
    files = find_recordings(recordings or ())
    if text is not None or loaded.takes != SOUND:
        if over_time or figures is not None:
            raise ModelError(
                "gives one answer an utterance: no timeline, captions or figures; take one of sound alone",
                file=loaded.file,
            )
        said = [Utterance(name=str(file), file=file) for file in files]
        said = said if text is None else read_utterances(text, files)
        _predict_utterances(loaded, said, format=chosen, out=out, strict=strict)
        return
    predictor = Predictor(loaded, jobs=jobs)
    spec = predictor.model.spec
    tally = Tally(rate_hz=predictor.rate_hz)
    with _progress_on_stderr() as progress:
        output = Output(
            format=chosen,
            spec=spec,
            over_time=over_time,
            out=out,
            stdout=sys.stdout,
            width=_width(),
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
    if earlier:
        print(f"went on where an earlier run ended: {earlier:,} were answered already", file=sys.stderr)
    _tell(tally, spec, strict=strict)


def _predict_utterances(
    model: Model, utterances: Sequence[Utterance], *, format: str, out: Path | None, strict: bool
) -> None:
    """Answer for texts, and recordings with their texts, dialogue by dialogue."""
    from serenade.inference.conversation import Conversation
    from serenade.output.output import Output
    from serenade.output.tally import Tally

    tally = Tally(rate_hz=model.spec.front_end.rate_hz)
    conversation = Conversation(model, encode=_encoders_of(model))
    for note in conversation.left_aside(utterances):
        print(note, file=sys.stderr)
    # A dialogue is answered whole: what of it was answered before says nothing about the rest.
    output = Output(
        format=format,
        spec=model.spec,
        over_time=False,
        out=out,
        stdout=sys.stdout,
        continues=False,
        width=_width(),
    )
    answers = ([answer] for answer in conversation.predict(utterances))
    output.write(lambda _: answers, [Path(utterance.name) for utterance in utterances], tally=tally)
    _tell(tally, model.spec, strict=strict)


def _encoders_of(model: Model) -> Encode | None:
    """The frozen encoders whose vectors a model reads; they alone need torch."""
    encoders = model.spec.text.get("encoder")
    if not encoders or "text_vectors" not in model.takes:
        return None
    layers = model.spec.text["layers"]
    from serenade.encoders.text import encode_side_by_side

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        names = " and ".join(Path(name).name for name in encoders)
        print(f"{names} read {len(texts):,} texts", file=sys.stderr)
        return encode_side_by_side(texts, encoders=encoders, layers=layers)

    return encode


def _tell(tally: Tally, spec: Spec, *, strict: bool) -> None:
    """What could not be read, and the counts, on stderr; exit with 1 where nothing was answered."""
    for file, reason in tally.failed.items():
        print(f"{file}: {reason}", file=sys.stderr)
    print(
        f"{tally}; model {spec.name} {spec.version} ({spec.license or 'no licence stated'})", file=sys.stderr
    )
    if not tally.answered or (strict and tally.failed):
        raise typer.Exit(1)


def _width() -> int | None:
    """Columns of the terminal; None where stdout is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


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
