"""`serenade evaluate`: how good is a model, on clips it has not heard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL|RUN", help="A run folder or a model folder.")],
    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="STORE",
            help="The run's own store when left away; any other one of the same front end.",
        ),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", help="Part of the run's split: test, dev, train.")
    ] = "test",
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the evaluation.")] = None,
    audio: Annotated[bool, typer.Option(help="Carry sound of the worst errors in the report.")] = True,
) -> None:
    """Score a model and write metrics, figures and a report."""
    from rich.console import Console

    from serenade.training.evaluate import evaluate as evaluate_model

    console = Console(stderr=True)
    with console.status("evaluate") as status:
        evaluation = evaluate_model(
            model,
            store=store,
            split=split,
            out=out,
            audio=audio,
            progress=lambda done, total: status.update(f"evaluate  model {done + 1} of {total}"),
        )
    print(f"Evaluated {evaluation.what}.")
    for line in in_words(evaluation.metrics):
        print(line)
    print(evaluation.folder / "report.html")


def in_words(metrics: dict[str, Any]) -> list[str]:
    """The headline of an evaluation, a line each."""
    counts, pooled = metrics["counts"], metrics["pooled"]
    lines = [f"{counts['clips']:,} clips of {counts['speakers']} speakers"]
    if pooled is None:
        return [*lines, "none of them has a label, so there is nothing to score; see predictions.csv"]
    between, floor = pooled["intervals"].get("uar"), pooled["floor"]
    certainty = (
        f"  (95 % of speaker resamplings: {between['low']:.1%} to {between['high']:.1%})" if between else ""
    )
    lines += [
        f"UAR {pooled['uar']:.1%}{certainty}",
        f"accuracy {pooled['accuracy']:.1%}, macro F1 {pooled['macro_f1']:.1%}, "
        f"weighted F1 {pooled['weighted_f1']:.1%}; always the commonest class: UAR {floor['uar']:.1%}, "
        f"accuracy {floor['accuracy']:.1%}",
    ]
    if (spread := metrics["spread"]) is not None:
        uar = f"{spread['uar']['mean']:.1%} ± {spread['uar']['std']:.1%}"
        runs = f"{spread['folds']} folds, seeds: {spread['seeds']}"
        lines.append(f"mean ± deviation over {spread['over']}s ({runs}): UAR {uar}")
    if (heard := metrics["listeners"]) is not None:
        figures = f"accuracy {heard['accuracy']:.1%}, UAR {heard['uar']:.1%}"
        lines.append(f"listeners, sound alone, on the same clips: {figures}")
    return lines
