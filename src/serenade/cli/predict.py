"""`serenade predict`: which emotion is in these recordings, or texts."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serenade.output.format import FORMATS, OutputFormat, Recording, format_of
from serenade.text import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from serenade.inference.conversation import Encode
    from serenade.inference.model import Model
    from serenade.inference.utterances import Utterance
    from serenade.output.counts import PredictionCounts
    from serenade.spec import Spec


def _format_name(name: str) -> str:
    """The name of an output format, in lower case."""
    if name.lower() not in FORMATS:
        raise typer.BadParameter(f"there is no output format {name!r}; {FORMATS.suggest(name)}")
    return name.lower()


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
        str | None,
        typer.Option(
            "--format",
            parser=_format_name,
            autocompletion=lambda: list(FORMATS),
            metavar=f"[{'|'.join(FORMATS)}]",
            help="Output format (default: by the suffix of --out, else a table).",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="F", help="Output file; for captions of several recordings, a folder."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Predict all again, and replace the output of another run.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a recording is unreadable.")
    ] = False,
    figures: Annotated[
        Path | None, typer.Option("--figures", metavar="DIR", help="Draw each recording as PNG (matplotlib).")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Recordings heard at once.")] = 1,
) -> None:
    """Hear which emotion is in recordings, with the confidence of every class."""
    from serenade.cli.progress import progress_bar
    from serenade.errors import ModelError
    from serenade.files import protect_inputs, sha256_of
    from serenade.inference.model import SOUND, default_model, load_model
    from serenade.inference.predictor import Predictor
    from serenade.inference.recordings import find_recordings
    from serenade.inference.utterances import Utterance, read_utterances
    from serenade.output.counts import PredictionCounts
    from serenade.output.paths import paths_per_recording
    from serenade.output.writer import PredictionWriter

    if figures is not None:
        from serenade.output.figures import draw_all, require_matplotlib

        require_matplotlib()
    out = None if str(out) == "-" else out
    chosen = format_of(out, format)
    over_time = timeline or chosen.is_timeline
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
        inputs = (text, model, loaded.file)
        _predict_utterances(loaded, said, format=chosen, out=out, inputs=inputs, strict=strict)
        return
    predictor = Predictor(loaded, jobs=jobs)
    spec = predictor.model.spec
    if figures is not None:
        protect_inputs(paths_per_recording(files, figures, suffix=".png").values(), files)
    counts = PredictionCounts(rate_hz=predictor.rate_hz, is_timeline=over_time)
    writer = PredictionWriter(
        format=chosen,
        labels=spec.labels,
        out=out,
        stdout=sys.stdout,
        is_timeline=over_time,
        settings={
            "model": f"{spec.name} {spec.version}",
            "model file": sha256_of(loaded.file),
            "timeline": over_time,
        },
        inputs=(model, loaded.file),
        overwrite=overwrite,
        width=_width(),
    )
    with progress_bar("predict", unit="recordings") as bar:

        def show(file: str, seconds: float) -> None:
            minutes, seconds = divmod(int(seconds), 60)
            bar.update(note=f"{Path(file).name} {minutes}:{seconds:02}")

        def predict_missing(missing: Sequence[Path]) -> Iterator[Recording]:
            bar.update(total=len(missing))
            recordings: Iterator[Recording]
            if over_time:
                recordings = predictor.timelines(missing, progress=show)
            else:
                recordings = ([result] for result in predictor.predict_files(missing, progress=show))
            for recording in recordings:
                bar.update(advance=1)
                yield recording

        is_new = writer.write(predict_missing, files, counts=counts)
    if not is_new:
        print(f"{printable(out)} is complete already; --overwrite predicts all again", file=sys.stderr)
    if figures is not None:
        draw_all(predictor, [file for file in files if str(file) not in counts.failed], figures)
    _report(counts, spec, strict=strict)


def _predict_utterances(
    model: Model,
    utterances: Sequence[Utterance],
    *,
    format: OutputFormat,
    out: Path | None,
    inputs: Sequence[str | Path | None],
    strict: bool,
) -> None:
    """Predict for texts, and recordings with their texts, dialogue by dialogue."""
    from serenade.inference.conversation import Conversation
    from serenade.output.counts import PredictionCounts
    from serenade.output.writer import PredictionWriter

    counts = PredictionCounts(rate_hz=model.spec.front_end.rate_hz, unit="utterance")
    conversation = Conversation(model, encode=_encoders_of(model))
    for note in conversation.left_aside(utterances):
        print(note, file=sys.stderr)
    # An utterance depends on its dialogue, so no file is continued.
    writer = PredictionWriter(
        format=format,
        labels=model.spec.labels,
        out=out,
        stdout=sys.stdout,
        inputs=(*inputs, *(utterance.file for utterance in utterances)),
        width=_width(),
    )
    predictions = ([result] for result in conversation.predict(utterances))
    writer.write(lambda _: predictions, [Path(utterance.name) for utterance in utterances], counts=counts)
    _report(counts, model.spec, strict=strict)


def _encoders_of(model: Model) -> Encode | None:
    """The frozen encoders whose vectors a model reads; they alone need torch."""
    encoders = model.spec.text.get("encoder")
    if not encoders or "text_vectors" not in model.takes:
        return None
    layers = model.spec.text["layers"]
    from serenade.encoders.text import encode_texts

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        names = " and ".join(Path(name).name for name in encoders)
        print(f"{names} read {len(texts):,} texts", file=sys.stderr)
        return encode_texts(texts, encoders=encoders, layers=layers)

    return encode


def _report(counts: PredictionCounts, spec: Spec, *, strict: bool) -> None:
    """Print what could not be read and the counts on stderr; exit with 1 where nothing was predicted."""
    for file, reason in counts.failed.items():
        print(printable(f"{file}: {reason}"), file=sys.stderr)
    model = f"model {spec.name} {spec.version} ({spec.license or 'no licence stated'})"
    print(printable(f"{counts}; {model}"), file=sys.stderr)
    if not counts.predicted or (strict and counts.failed):
        raise typer.Exit(1)


def _width() -> int | None:
    """Columns of the terminal; None where stdout is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
