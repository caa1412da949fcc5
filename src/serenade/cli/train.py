"""`serenade train`: train a model from a corpus, or from a recipe and a store."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serenade.cli.options import ChangesOption, SpeakersFromOption, ThreadsOption
from serenade.cli.progress import progress_bar

if TYPE_CHECKING:
    from serenade.training.fold_run import FoldRun


class TrainingDeviceKind(StrEnum):
    """Where a model is trained."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def train(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|CSV|RECIPE|RUN",
            help="A folder or manifest of recordings; a recipe (.toml, needs --store); or a run to continue.",
        ),
    ],
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="STORE", help="Store to train on, made by serenade prepare."),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe",
            metavar="RECIPE",
            help="Recipe for FOLDER or CSV.  [default: network compact, a split that fits]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="RUN",
            help="Run folder.  [default: runs/NAME, with the name of the recipe or folder]",
        ),
    ] = None,
    changes: ChangesOption = None,
    speakers_from: SpeakersFromOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")] = False,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit",
            help="Also train a final model on all speakers, for predict and export; always done for "
            "FOLDER or CSV.",
        ),
    ] = False,
    threads: ThreadsOption = None,
    device: Annotated[
        TrainingDeviceKind,
        typer.Option("--device", help="Where to train; auto is a GPU if there is one, else the CPU."),
    ] = TrainingDeviceKind.AUTO,
    devices: Annotated[
        int,
        typer.Option(
            "--devices",
            min=1,
            metavar="N",
            help="Number of GPUs, or of CPU processes, that share each batch.",
        ),
    ] = 1,
) -> None:
    """Train a recipe on a store, or a model from recordings.

    RECIPE with --store: train every fold and seed. FOLDER or CSV: inspect, prepare, train, evaluate and
    refit; the command of each step is printed. After an interruption, run the same command again (for a
    RECIPE, with --resume).
    """
    from serenade.folders import RunFolder

    set_threads(threads)
    is_run = RunFolder(source).is_run()
    # With --store, anything but a folder or manifest is taken for a recipe, and so is the error.
    is_corpus = source.is_dir() or source.suffix.lower() in (".csv", ".tsv")
    if not is_run and source.suffix.lower() != ".toml" and (is_corpus or store is None):
        from serenade.cli.train_corpus import train_corpus

        if store is not None:
            raise typer.BadParameter(
                "a store is made from FOLDER or CSV; with --store, give a recipe instead"
            )
        options = ["--threads", str(threads)] if threads else []
        options += ["--device", device.value] if device != "auto" else []
        options += ["--devices", str(devices)] if devices > 1 else []
        train_corpus(source, recipe, out, changes or [], speakers_from=speakers_from, options=options)
        return
    for name, given in (("--recipe", recipe), ("--speakers-from", speakers_from)):
        if given is not None:
            raise typer.BadParameter(f"{name} is for a folder or manifest of recordings, not for {source}")
    if is_run and (changes or out):
        raise typer.BadParameter("--set and --out are for a new run; a run is continued as it was started")
    _train_recipe(
        source,
        store,
        out,
        changes or [],
        resume=resume,
        refit=refit,
        device=device.value,
        devices=devices,
    )


def set_threads(threads: int | None) -> None:
    """Limit the threads of PyTorch, in this process and in those that it starts."""
    if threads is None:
        return
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def _train_recipe(
    source: Path,
    store: Path | None,
    out: Path | None,
    changes: list[str],
    *,
    resume: bool,
    refit: bool,
    device: str,
    devices: int,
) -> None:
    from serenade.evaluation.metric import METRICS
    from serenade.training.processes import started_processes
    from serenade.training.recipe import load_recipe
    from serenade.training.run import train as train_recipe

    recipe = load_recipe(source, changes=changes)
    epochs, score = recipe.training.epochs, recipe.training.score
    with progress_bar("train", unit="epochs") as bar:

        def on_epoch(fold_run: FoldRun, line: dict[str, float]) -> None:
            place = f" ({fold_run.number}/{fold_run.count})" if fold_run.count > 1 else ""
            figures = (
                f"{fold_run.name}{place}  epoch {line['epoch']:.0f}/{epochs}  loss {line['train_loss']:.3f}  "
                f"dev loss {line['dev_loss']:.3f}  dev {METRICS[score].title} {line[f'dev_{score}']:.1%}"
            )
            done = (fold_run.number - 1) * epochs + int(line["epoch"])
            bar.update(done=done, total=fold_run.count * epochs, note=figures)
            if not bar.is_shown:
                print(f"{figures}  {line['seconds']:.1f} s", file=sys.stderr)

        run = train_recipe(
            source if source.is_dir() else recipe,
            store=store,
            out=out,
            resume=resume,
            refit=refit,
            device=device,
            devices=devices,
            on_epoch=on_epoch,
            on_clips=lambda done, total: bar.update(done=done, total=total, note="clips, encoder"),
        )
    if (started := started_processes()) is not None and started.rank > 0:
        return
    for warning in run.warnings:
        print(f"Warning: {warning}", file=sys.stderr)
    print(run.folder)
