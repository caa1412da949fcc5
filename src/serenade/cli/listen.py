"""`serenade listen`: the emotion of what a microphone records, while it does."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serenade.cli.numbers import finite
from serenade.errors import OutputError, UnsupportedMedia
from serenade.text import printable

if TYPE_CHECKING:
    from serenade.inference.events import Event
    from serenade.inference.prediction import Prediction


def listen(
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="MODEL", help="As for `serenade predict`."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NAME", help="Number of an input device, or a part of its name."),
    ] = None,
    devices: Annotated[bool, typer.Option("--devices", help="List the input devices.")] = False,
    labels: Annotated[
        str | None,
        typer.Option("--labels", metavar="A,B,…", help="Restrict predictions to some labels."),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option("--interval", metavar="S", help="Seconds between provisional results (default: 1.5)."),
    ] = None,
    adapt: Annotated[
        bool,
        typer.Option("--adapt", help="One person speaks: correct predictions by their earlier utterances."),
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="FILE.wav",
            help="Keep the sound in this file, and the timeline in a .jsonl file beside it.",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files of --record.")] = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            min=0.1,
            callback=finite,
            metavar="S",
            help="Stop after so many seconds (default: Ctrl-C).",
        ),
    ] = None,
) -> None:
    """Predict emotions from a microphone, live.

    In a terminal bars show the scores; elsewhere each event is a line of JSON.
    """
    from serenade.audio.microphone import Microphone, find_device, list_devices
    from serenade.cli.licence import print_licence
    from serenade.inference.load import load_model
    from serenade.inference.stream import INTERVAL_S

    if devices:
        for entry in list_devices():
            mark = "*" if entry.is_default else " "
            print(printable(f"{mark} {entry.number:>3}  {entry.name} ({entry.rate_hz:,} Hz)"))
        return
    chosen = None if labels is None else [label.strip() for label in labels.split(",")]
    loaded = load_model(model, labels=chosen)
    print_licence(loaded)
    found = find_device(device)
    stream = loaded.stream(
        rate=found.rate_hz, interval_s=INTERVAL_S if interval is None else interval, adapt=adapt
    )
    last = None if seconds is None else round(seconds * found.rate_hz)
    finals: list[Prediction] = []
    with ExitStack() as stack:
        keep = stack.enter_context(_recorder(record, rate_hz=found.rate_hz, overwrite=overwrite))
        show = stack.enter_context(_display(loaded.labels, printable(found.name)))
        microphone = stack.enter_context(Microphone(found))
        count = 0
        try:
            for block in microphone:
                block = block if last is None else block[: last - count]
                count += len(block)
                keep(block)
                show(stream.push(block), count / found.rate_hz, finals)
                if count == last:
                    break
        except KeyboardInterrupt:  # the usual end
            pass
        except UnsupportedMedia as error:  # the device is gone; what was recorded is kept
            print(f"serenade: {printable(error)}", file=sys.stderr)
        show(stream.finish(), count / found.rate_hz, finals)
    if record is not None:
        _write_timeline(record, finals)
    if microphone.lost:
        print(f"sound was lost {microphone.lost:,} times; use a smaller model", file=sys.stderr)
    print(f"{len(finals):,} utterances in {count / found.rate_hz:.1f} s", file=sys.stderr)


def timeline_file(record: Path) -> Path:
    """Return where the timeline of a recording is kept.

    >>> timeline_file(Path("talk.wav")).name
    'talk.jsonl'
    """
    return record.with_suffix(".jsonl")


@contextmanager
def _recorder(record: Path | None, *, rate_hz: int, overwrite: bool) -> Iterator[Any]:
    """A function that keeps blocks of sound in a WAV file, which appears at the end."""
    if record is None:
        yield lambda block: None
        return
    import soundfile

    from serenade.files import write_whole

    if record.suffix.lower() != ".wav":
        raise OutputError("--record takes the name of a .wav file", file=record)
    for path in (record, timeline_file(record)):
        if path.exists() and not overwrite:
            raise OutputError("exists already; choose another name, or pass --overwrite", file=path)
    with (
        write_whole(record, "wb") as file,
        # By descriptor: a Ctrl-C in a callback of soundfile would be lost, with the samples.
        soundfile.SoundFile(
            file.fileno(), "w", rate_hz, 1, format="WAV", subtype="PCM_16", closefd=False
        ) as sound,
    ):
        yield sound.write


def _write_timeline(record: Path, finals: Iterable[Prediction]) -> None:
    from dataclasses import replace

    from serenade.files import write_whole

    with write_whole(timeline_file(record)) as file:
        for prediction in finals:
            file.write(json.dumps(replace(prediction, file=record.name).to_dict()) + "\n")


@contextmanager
def _display(labels: Iterable[str], device: str) -> Iterator[Any]:
    """A function that shows events, and collects the final predictions."""
    from serenade.inference.events import UtteranceEnd

    if not sys.stdout.isatty():

        def write(events: Iterable[Event], seconds: float, finals: list[Prediction]) -> None:
            for event in events:
                if isinstance(event, UtteranceEnd):
                    finals.append(event.prediction)
                print(json.dumps(event.to_dict()), flush=True)

        yield write
        return
    from rich.live import Live

    from serenade.cli.live_view import LiveView

    view = LiveView(labels=tuple(labels), device=device)
    with Live(view.render(), refresh_per_second=10) as live:

        def show(events: Iterable[Event], seconds: float, finals: list[Prediction]) -> None:
            for event in events:
                view.take(event)
                if isinstance(event, UtteranceEnd):
                    finals.append(event.prediction)
            view.seconds = seconds
            live.update(view.render())

        yield show
