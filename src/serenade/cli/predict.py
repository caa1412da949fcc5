"""`serenade predict`: the emotion of recordings and texts."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from serenade.cli import predict_arguments as arguments
from serenade.cli import predict_options
from serenade.cli.predict_options import check_options
from serenade.errors import OutputError
from serenade.files import is_stream
from serenade.output.format import DEFAULT_FORMAT, OutputFormat, Recording, format_of
from serenade.text import printable

if TYPE_CHECKING:
    from serenade.inference.model import Model
    from serenade.inference.utterances import Utterance
    from serenade.inference.windows import Segments
    from serenade.output.counts import PredictionCounts

STDIN = Path(predict_options.STDIN)
"""The argument that means standard input, and the name of its prediction."""


def predict(
    recordings: arguments.RecordingsArgument = None,
    text: arguments.TextOption = None,
    model: arguments.ModelOption = None,
    timeline: arguments.TimelineOption = False,
    segments: arguments.SegmentsOption = arguments.SegmentsKind.WINDOWS,
    window: arguments.WindowOption = None,
    hop: arguments.HopOption = None,
    smooth: arguments.SmoothOption = False,
    speakers: arguments.SpeakersOption = None,
    labels: arguments.LabelsOption = None,
    precision: arguments.PrecisionOption = None,
    track: arguments.TrackOption = None,
    format: arguments.FormatOption = None,
    out_path: arguments.OutOption = None,
    overwrite: arguments.OverwriteOption = False,
    strict: arguments.StrictOption = False,
    figures: arguments.FiguresOption = None,
    html: arguments.HtmlOption = None,
    explain: arguments.ExplainOption = None,
    summary: arguments.SummaryOption = None,
    jobs: arguments.JobsOption = 1,
    device: arguments.DeviceOption = arguments.DeviceKind.CPU,
    cluster: arguments.ClusterOption = None,
    chunk: arguments.ChunkOption = None,
) -> None:
    """Predict emotions in recordings or texts.

    Each prediction has the confidence of every class.
    """
    from serenade.cli.licence import print_licence
    from serenade.cli.progress import progress_bar
    from serenade.cli.speakers import adapted_predictions, report_speakers
    from serenade.files import protect_inputs, sha256_of
    from serenade.inference.load import load_model
    from serenade.inference.recordings import find_recordings
    from serenade.inference.utterances import Utterance, read_utterances
    from serenade.memory import low_peak
    from serenade.output.adapted import adapted_settings
    from serenade.output.counts import PredictionCounts
    from serenade.output.paths import paths_per_recording
    from serenade.output.views import TimelineViews, smoothed_recordings
    from serenade.output.writer import PredictionWriter

    if cluster is not None:
        from serenade.cli.predict_cluster import predict_on_cluster

        others: dict[str, object] = {
            "--text": text,
            "--speakers": speakers,
            "--format": format,
            "--figures": figures,
            "--html": html,
            "--explain": explain,
            "--summary": summary,
            "--jobs": jobs if jobs > 1 else None,
            "--device": device.value if device == "cuda" else None,
        }
        predict_on_cluster(
            recordings,
            out_path,
            cluster=cluster,
            model=model,
            settings={
                "labels": None if labels is None else tuple(label.strip() for label in labels.split(",")),
                "precision": precision,
                "timeline": timeline,
                "window_s": window,
                "hop_s": hop,
                "segments": segments.value,
                "smooth": smooth,
                "track": track,
            },
            others=others,
            per_chunk=chunk,
            overwrite=overwrite,
            strict=strict,
        )
        return
    if chunk is not None:
        raise typer.BadParameter("needs --cluster; add it", param_hint="--chunk")
    if figures is not None or explain is not None:
        from serenade.output.explanation import explain_all
        from serenade.output.figures import require_matplotlib

        require_matplotlib()
    out = None if out_path in (None, predict_options.STDIN) else Path(str(out_path))
    chosen = _chosen_format(out, format)
    is_timeline = timeline or chosen.is_timeline
    of_timeline = {
        "--window": window,
        "--hop": hop,
        "--summary": summary,
        "--smooth": smooth or None,
        "--segments": None if segments == "windows" else segments,
    }
    drawn = {"--figures": figures, "--html": html, "--explain": explain}
    check_options(
        recordings,
        text,
        is_timeline=is_timeline,
        of_timeline=of_timeline,
        folders=drawn,
        speakers=speakers,
    )
    found = find_recordings(recordings or ())
    files = list(found.files)
    chosen_labels = None if labels is None else [label.strip() for label in labels.split(",")]
    with low_peak() if is_timeline else nullcontext():
        loaded = load_model(model, labels=chosen_labels, device=device.value)
    loaded = loaded if precision is None else loaded.with_precision(precision)
    print_licence(loaded)
    if speakers is not None:
        _ = loaded.adaptation  # raises before any work
    kind: Segments = segments.value
    if is_timeline or any(drawn.values()):
        loaded.windows(window_s=window, hop_s=hop, segments=kind)  # raises before any work
    elif text is not None or not loaded.has_timeline:
        utterances = [Utterance(name=str(file), recording=file) for file in files]
        utterances = utterances if text is None else read_utterances(text, files)
        utterances = [_opened(replace(utterance, track=track)) for utterance in utterances]
        inputs = (text, model, loaded.file, speakers, *files)
        _predict_utterances(
            loaded,
            utterances,
            format=chosen,
            out=out,
            inputs=inputs,
            strict=strict,
            speakers=speakers,
            table=text,
            folders=recordings or (),
        )
        return
    views = TimelineViews(files=files, labels=loaded.labels, figures=figures, pages=html, track=track)
    protect_inputs([path for paths in views.paths().values() for path in paths], files)
    if explain is not None:
        protect_inputs(paths_per_recording(files, explain, suffix=".png").values(), files)
    if summary is not None:
        protect_inputs([summary], [*files, speakers, model])
    spec, unsure_below = loaded.spec, loaded.spec.unsure_below
    counts = PredictionCounts(
        rate_hz=spec.front_end.rate_hz, is_timeline=is_timeline, has_speakers=speakers is not None
    )
    settings = {
        "model": f"{spec.name} {spec.version}",
        "model file": sha256_of(loaded.file),
        "timeline": is_timeline,
        "segments": segments.value,
        "smooth": smooth,
        "window": window,
        "hop": hop,
        "track": track,
        "labels": list(loaded.labels),
        "unsure below": unsure_below,
    }
    if device == "cuda":  # which rounds otherwise, so an output of the CPU is not continued
        settings["device"] = device.value
    adapted = None
    if speakers is not None:
        # Standard input can have other content in the next run.
        can_continue = STDIN not in files and chosen.is_resumable and not (out is None or is_stream(out))
        adapted = adapted_predictions(
            loaded,
            speakers,
            files,
            folders=recordings or (),
            is_timeline=is_timeline,
            settings=settings if can_continue else None,
            out=out,
            overwrite=overwrite,
        )
        settings = settings | adapted_settings(speakers, files)
    writer = PredictionWriter(
        format=chosen,
        labels=loaded.labels,
        out=out,
        stdout=sys.stdout,
        is_timeline=is_timeline,
        has_speakers=speakers is not None,
        # Standard input can have other content in the next run.
        settings=None if STDIN in files else settings,
        inputs=(model, loaded.file, speakers),
        overwrite=overwrite,
        width=_width(),
    )
    with progress_bar("predict", unit="recordings") as bar:

        def show(file: str, seconds: float) -> None:
            minutes, seconds = divmod(int(seconds), 60)
            bar.update(note=f"{Path(file).name} {minutes}:{seconds:02}")

        def predict_missing(missing: Sequence[Path]) -> Iterator[Recording]:
            bar.update(total=len(missing))
            media = [sys.stdin.buffer if file == STDIN else file for file in missing]
            results: Iterator[Recording]
            # An adaptation needs all labels.
            used = loaded if adapted is None else loaded.restricted_to(None)
            if adapted is not None and not is_timeline:
                results = used.segments_files(media, jobs=jobs, track=track, progress=show)
            elif is_timeline:
                results = used.timeline_files(
                    media,
                    window_s=window,
                    hop_s=hop,
                    segments=kind,
                    speakers=None if adapted is None else adapted.speakers,
                    adapt=False,  # `adapted` does it, by the whole recording
                    jobs=jobs,
                    track=track,
                    progress=show,
                )
            else:
                each = used.predict_files(media, jobs=jobs, track=track, progress=show)
                results = ([result] for result in each)
            for file, recording in zip(missing, results, strict=True):
                bar.update(advance=1)
                yield [replace(result, file=str(file)) for result in recording]

        def predict_timelines(missing: Sequence[Path]) -> Iterator[Recording]:
            recordings = (predict_missing if adapted is None else adapted.predict)(missing)
            if not is_timeline:
                return recordings
            return views.made(smoothed_recordings(recordings, unsure_below) if smooth else recordings)

        if adapted is not None:
            adapted.first_pass = predict_missing
        is_new = writer.write(predict_timelines, files, counts=counts)
        if adapted is not None:
            adapted.discard()
    if adapted is not None:
        report_speakers(adapted, speakers)
    if not is_new:
        print(f"{printable(out)} is complete already; --overwrite predicts all again", file=sys.stderr)
    readable = [file for file in files if str(file) not in counts.failed]
    if (figures is not None or html is not None) and not is_timeline:
        views.make_all(loaded, readable)
    elif summary is not None and is_new:
        views.write_summary(summary)
    views.report(readable)
    if explain is not None:
        for file in explain_all(loaded, readable, explain, track=track):
            print(printable(f"{file}: no speech, so there is no explanation"), file=sys.stderr)
    if found.skipped:
        print(printable(found), file=sys.stderr)
    _report(counts, loaded, strict=strict, format=chosen, out=out)


def _chosen_format(out: Path | None, name: str | None) -> OutputFormat:
    """The output format; an output that means none is a wrong argument."""
    try:
        return format_of(out, name)
    except OutputError as error:
        raise typer.BadParameter(str(error), param_hint="--out") from error


def _opened(utterance: Utterance) -> Utterance:
    """The utterance, with standard input opened."""
    from serenade.inference.sound import media_of

    is_stdin = utterance.recording == STDIN
    return replace(utterance, recording=media_of(sys.stdin.buffer)) if is_stdin else utterance


def _predict_utterances(
    model: Model,
    utterances: Sequence[Utterance],
    *,
    format: OutputFormat,
    out: Path | None,
    inputs: Sequence[str | Path | None],
    strict: bool,
    speakers: str | None,
    table: str | None,
    folders: Sequence[str],
) -> None:
    """Predict for texts, and recordings with their texts, dialogue by dialogue."""
    from serenade.cli.speakers import adapted_predictions, report_speakers
    from serenade.output.counts import PredictionCounts
    from serenade.output.writer import PredictionWriter

    for note in model.ignored_inputs(utterances):
        print(printable(f"{model.file}: {note}"), file=sys.stderr)
    counts = PredictionCounts(
        rate_hz=model.spec.front_end.rate_hz, unit="utterance", has_speakers=speakers is not None
    )
    recordings = [u.recording for u in utterances if isinstance(u.recording, Path)]
    # An utterance depends on its dialogue, so no file is continued.
    writer = PredictionWriter(
        format=format,
        labels=model.labels,
        out=out,
        stdout=sys.stdout,
        inputs=(*inputs, *recordings),
        width=_width(),
    )
    names = [Path(utterance.name) for utterance in utterances]
    # An adaptation needs all labels.
    used = model if speakers is None else model.restricted_to(None)
    predictions: Iterator[Recording] = ([result] for result in used.predict_utterances(utterances))
    if speakers is not None:
        adapted = adapted_predictions(model, speakers, names, folders=folders, table=table)
        predictions = adapted.predict_all(predictions)
        report_speakers(adapted, speakers)
    writer.write(lambda _: predictions, names, counts=counts)
    _report(counts, model, strict=strict, format=format, out=out)


def _report(
    counts: PredictionCounts, model: Model, *, strict: bool, format: OutputFormat, out: Path | None
) -> None:
    """Print warnings, what cannot be read, and the counts on stderr; exit with 1 if nothing was predicted."""
    # A table on the terminal has the reasons already.
    is_shown = out is None and format.name == DEFAULT_FORMAT and _is_terminal()
    for file, reasons in (*counts.warnings.items(), *({} if is_shown else counts.failed).items()):
        print(printable(f"{file}: {reasons}"), file=sys.stderr)
    spec = model.spec
    name = f"model {spec.name} {spec.version} ({spec.license or 'no licence stated'})"
    print(printable(f"{counts}; {name}"), file=sys.stderr)
    if not counts.predicted or (strict and counts.failed):
        raise typer.Exit(1)


def _width() -> int | None:
    """Columns of the terminal; None if stdout is no terminal."""
    return shutil.get_terminal_size().columns if _is_terminal() else None


def _is_terminal() -> bool:
    return sys.stdout.isatty()
