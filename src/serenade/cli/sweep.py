"""`serenade sweep`: try values of a recipe, and choose by dev."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serenade.cli.options import ChangesOption, ThreadsOption


def sweep(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe (.toml).", show_default=False)],
    store: Annotated[
        Path, typer.Option("--store", metavar="STORE", help="Store to train on, made by serenade prepare.")
    ],
    grid: Annotated[
        list[str],
        typer.Option(
            "--grid",
            metavar="KEY=V,V",
            help="A key of the recipe and its values, such as training.learning_rate=1e-3,3e-3; may be "
            "repeated, for every combination.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder of the sweep.  [default: sweeps/NAME]"),
    ] = None,
    changes: ChangesOption = None,
    nested: Annotated[
        bool,
        typer.Option(
            "--nested",
            help="Also choose in each fold by its own dev part, and evaluate this choice on its test part: "
            "an unbiased score.",
        ),
    ] = False,
    threads: ThreadsOption = None,
) -> None:
    """Train every combination of some values of a recipe, and choose one by its score on dev.

    Test is not used to choose. Run the same command again to continue after an interruption, or to add
    values. Writes a table and a figure into the folder of the sweep.
    """
    from serenade.cli.progress import numbered_progress
    from serenade.cli.text_tables import show_tables
    from serenade.cli.train import set_threads
    from serenade.evaluation.metric import METRICS
    from serenade.evaluation.report.format import interval, with_deviation
    from serenade.training.sweep import sweep as sweep_recipe

    set_threads(threads)
    with numbered_progress("sweep", unit="settings") as show:
        result = sweep_recipe(
            recipe,
            store=store,
            grid=grid,
            out=out or Path("sweeps") / recipe.stem,
            changes=changes or [],
            nested=nested,
            on_trial=show,
        )
    title = METRICS[result.metric].title
    text = f"Best on dev: {', '.join(result.best.changes)} ({result.best.run})"
    if result.nested:
        value = result.nested[result.metric]
        bounds = "" if value["low"] is None else f", 95 % interval {interval(value)}"
        score = f"{with_deviation(value)}{bounds}".replace("\N{NO-BREAK SPACE}", " ")
        text += f"\nNested, on test: {title} {score} ({result.folder / 'evaluation'})"
    show_tables([result.table()], text=text)
    print(result.folder / "sweep.png")
