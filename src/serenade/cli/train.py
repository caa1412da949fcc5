"""`serenade train`: a recipe and a store become a run folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from serenade.training.fold_run import FoldRun, OnEpoch
    from serenade.training.recipe import Recipe


def train(
    recipe_file: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file; see recipes/.")],
    store: Annotated[Path, typer.Option("--store", metavar="STORE", help="Made by serenade prepare.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="RUN", help="Run folder; runs/<name> when left away.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="Change a value of the recipe.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Finish an interrupted run.")] = False,
    devices: Annotated[
        int, typer.Option("--devices", min=1, help="Processes or GPUs that share each step.")
    ] = 1,
) -> None:
    """Train every fold and seed of a recipe, on speakers kept apart."""
    from serenade.features.store import Store
    from serenade.folders import RunFolder
    from serenade.training.fold_run import fold_runs_of
    from serenade.training.recipe import read_recipe
    from serenade.training.run import train as train_recipe

    recipe = read_recipe(recipe_file, changes=changes or [])
    opened = Store.open(store)
    out = out or Path("runs") / recipe.name
    with progress_on_stderr(recipe, len(fold_runs_of(recipe, opened, RunFolder(out)))) as on_epoch:
        train_recipe(recipe, store=opened, out=out, resume=resume, devices=devices, on_epoch=on_epoch)
    print(out)


@contextmanager
def progress_on_stderr(recipe: Recipe, parts: int) -> Iterator[OnEpoch]:
    """A bar over all epochs where stderr is a terminal, a line an epoch where it is not."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from serenade.evaluation.metrics import NAMES

    epochs, score = recipe.training.epochs, recipe.training.score
    console = Console(stderr=True)
    columns = (
        TextColumn("train"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    seen: list[str] = []
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=parts * epochs)

        def on_epoch(part: FoldRun, line: dict[str, float]) -> None:
            if part.name not in seen:
                seen.append(part.name)
            which = f"{part.name} ({len(seen)}/{parts})" if parts > 1 else part.name
            figures = (
                f"epoch {line['epoch']:.0f}/{epochs}  loss {line['train_loss']:.3f}  "
                f"dev loss {line['dev_loss']:.3f}  dev {NAMES[score]} {line[f'dev_{score}']:.1%}"
            )
            done = (len(seen) - 1) * epochs + int(line["epoch"])
            bar.update(task, completed=done, description=f"{which}  {figures}")
            if not console.is_terminal:
                print(f"{which}  {figures}  {line['seconds']:.1f} s", file=sys.stderr)

        yield on_epoch
