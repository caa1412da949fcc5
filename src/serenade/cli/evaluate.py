"""`serenade evaluate`: scores, figures and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serenade.cli.predict_arguments import DeviceKind


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|RUN",
            help="A run folder or a model folder. With --on also an ONNX file or a bundled model. "
            "Also a model on the Hugging Face hub: hf://owner/name[@revision].",
            show_default=False,
        ),
    ],
    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="STORE",
            help="Store to evaluate on, prepared with the front end of the model. Default: the store of "
            "the run.",
        ),
    ] = None,
    on: Annotated[
        Path | None,
        typer.Option(
            "--on",
            metavar="FOLDER|CSV",
            help="Labelled recordings to evaluate on: the folder of a corpus, or a CSV file with the columns "
            "file, emotion, speaker.",
        ),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus", metavar="NAME", help="Corpus of --on (default: recognised by its file names)."
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            "--part",
            metavar="PART",
            help="Part of the run's split: test, dev, train or held-out. Default: test. Another store has no "
            "parts; all its clips are evaluated.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder of the evaluation. Default: RUN/evaluation, or a subfolder of it for another part "
            "or store.",
        ),
    ] = None,
    include_training_clips: Annotated[
        bool,
        typer.Option(
            "--include-training-clips",
            help="Also evaluate clips of --store or --on that the model was trained on. The scores are then "
            "too high.",
        ),
    ] = False,
    audio: Annotated[
        bool, typer.Option(help="Embed the audio of the most confident errors in the report.")
    ] = True,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Also evaluate the same clips with noise, reverberation, a telephone band, other levels, "
            "codecs and speeds. Needs the recordings.",
        ),
    ] = False,
    explain: Annotated[
        int,
        typer.Option(
            "--explain",
            min=0,
            max=6,
            metavar="N",
            help="Explain N of the most confident predictions in the report. Needs the recordings.",
        ),
    ] = 0,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Folder of the recordings, if they were moved. For --robustness and --explain.",
        ),
    ] = None,
    noise: Annotated[
        Path | None,
        typer.Option(
            "--noise",
            metavar="DIR",
            help="Folder of recorded noises, besides white noise and babble. For --robustness.",
        ),
    ] = None,
    rooms: Annotated[
        Path | None,
        typer.Option(
            "--rooms",
            metavar="DIR",
            help="Folder of room impulse responses, in place of a synthetic one. For --robustness.",
        ),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(
            "--limit",
            min=1,
            metavar="N",
            help="Largest number of clips of each model, drawn at random. For --robustness.",
        ),
    ] = 300,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", min=1, metavar="N", help="Clips processed in parallel, for --on and --robustness."
        ),
    ] = 1,
    device: Annotated[
        DeviceKind,
        typer.Option(
            "--device",
            help="Where models are computed. cuda needs an NVIDIA GPU, and PyTorch for CUDA; with --on, "
            "--robustness or --explain onnxruntime-gpu.",
        ),
    ] = DeviceKind.CPU,
) -> None:
    """Evaluate a model and write a report.

    The evaluation consists of scores, predictions, figures and an HTML report. A run is evaluated on the test
    part of its own store, the model of each fold on its own fold. On another store, or on the recordings of
    --on, all clips are evaluated except those that the model was trained on, and those of its training
    speakers.
    """
    from serenade.cli.progress import progress_bar
    from serenade.evaluation.explanations import explain_predictions
    from serenade.evaluation.folder import EvaluationFolder
    from serenade.evaluation.recordings import evaluate_recordings
    from serenade.evaluation.report import write_report
    from serenade.evaluation.report.terminal import robustness_lines, terminal_lines
    from serenade.evaluation.robustness.measure import RobustnessOptions, evaluate_robustness
    from serenade.inference.device import providers_of
    from serenade.training.evaluate import evaluate as evaluate_model

    if on is not None and (store is not None or part is not None):
        raise typer.BadParameter("does not go together with --store or --part", param_hint="--on")
    if on is None and corpus is not None:
        raise typer.BadParameter("names the corpus of --on; add it", param_hint="--corpus")
    if robustness or explain:
        providers_of(device.value)  # raises before any work
    with progress_bar("evaluate", unit="models" if on is None else "clips") as bar:

        def show(done: int, total: int) -> None:
            bar.update(done=done, total=total)

        if on is not None:
            evaluation = evaluate_recordings(
                model,
                on,
                corpus=corpus,
                out=out,
                include_training_clips=include_training_clips,
                jobs=jobs,
                device=device.value,
                audio=audio,
                progress=show,
            )
        else:
            evaluation = evaluate_model(
                model,
                store=store,
                part=part,
                out=out,
                include_training_clips=include_training_clips,
                device=device.value,
                audio=audio,
                progress=show,
            )
    print(f"Evaluated on {evaluation.data}.")
    for line in terminal_lines(evaluation.metrics):
        print(line)
    if robustness:
        options = RobustnessOptions(
            data=data, noise=noise, rooms=rooms, limit=limit, jobs=jobs, device=device.value
        )
        with progress_bar("robustness", unit="clips") as bar:
            content = evaluate_robustness(
                evaluation,
                options=options,
                progress=lambda done, total: bar.update(done=done, total=total),
            )
        for line in robustness_lines(content):
            print(line)
    if explain:
        with progress_bar("explain", unit="clips") as bar:
            explain_predictions(
                evaluation,
                clips=explain,
                data=data,
                device=device.value,
                progress=lambda done, total: bar.update(done=done, total=total),
            )
    if robustness or explain:
        write_report(evaluation.folder, audio=audio)
    print(EvaluationFolder(evaluation.folder).report)
