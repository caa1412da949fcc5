"""`serenade evaluate`: scores, figures and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL|RUN", help="A run folder or a model folder.", show_default=False)
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
            help="Also evaluate clips of another store that the model was trained on. The scores are then "
            "too high.",
        ),
    ] = False,
    audio: Annotated[
        bool, typer.Option(help="Embed the audio of the most confident errors in the report.")
    ] = True,
) -> None:
    """Evaluate a model and write a report.

    The evaluation consists of scores, predictions, figures and an HTML report. A run is evaluated on the test
    part of its own store, the model of each fold on its own fold. On another store all clips are evaluated
    except those that the model was trained on.
    """
    from serenade.cli.progress import progress_bar
    from serenade.evaluation.folder import EvaluationFolder
    from serenade.evaluation.report.terminal import terminal_lines
    from serenade.training.evaluate import evaluate as evaluate_model

    with progress_bar("evaluate", unit="models") as bar:
        evaluation = evaluate_model(
            model,
            store=store,
            part=part,
            out=out,
            include_training_clips=include_training_clips,
            audio=audio,
            progress=lambda done, total: bar.update(done=done, total=total),
        )
    print(f"Evaluated on {evaluation.data}.")
    for line in terminal_lines(evaluation.metrics):
        print(line)
    print(EvaluationFolder(evaluation.folder).report)
