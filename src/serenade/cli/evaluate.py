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
        str | None,
        typer.Option(
            "--split",
            help="Part of the run's split: test (when left away), dev, train. Of another store all is asked.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the evaluation.")] = None,
    audio: Annotated[bool, typer.Option(help="Carry sound of the worst errors in the report.")] = True,
) -> None:
    """Score a model and write metrics, figures and a report."""
    from serenade.cli.progress import progress_bar
    from serenade.training.evaluate import evaluate as evaluate_model

    with progress_bar("evaluate", unit="models") as bar:
        evaluation = evaluate_model(
            model,
            store=store,
            split=split,
            out=out,
            audio=audio,
            progress=lambda done, total: bar.update(done=done, total=total),
        )
    print(f"Evaluated {evaluation.what}.")
    for line in in_words(evaluation.metrics):
        print(line)
    print(evaluation.folder / "report.html")


def in_words(metrics: dict[str, Any]) -> list[str]:
    """The headline of an evaluation, a line each."""
    from serenade.evaluation.report import text as words

    counts, pooled = metrics["counts"], metrics["pooled"]
    lines = [f"{counts['clips']:,} clips of {counts['speakers']} speakers"]
    if metrics["apart"] == "dialogue":
        lines[0] += f" in {counts['dialogues']} dialogues"
    if pooled is None:
        return [*lines, "none of them has a label, so there is nothing to score; see predictions.csv"]
    first, *others = words.ranked(metrics)
    key, name = first
    between, floor = pooled["intervals"].get(key), pooled["floor"]
    certainty = ""
    if between:
        certainty = (
            f"  (95 % of {metrics['apart']} resamplings: {between['low']:.1%} to {between['high']:.1%})"
        )
    lines += [
        f"{name} {pooled[key]:.1%}{certainty}",
        ", ".join(f"{other} {pooled[its]:.1%}" for its, other in others)
        + f"; always the commonest class: {name} {floor[key]:.1%}, accuracy {floor['accuracy']:.1%}",
    ]
    for modality, scores in metrics["without"].items():
        lost = 100 * (pooled[key] - scores[key])
        change = f"{abs(lost):.1f} points {'less' if lost > 0 else 'more'}"
        lines.append(f"without the {modality}: {name} {scores[key]:.1%} ({change})")
    if (spread := metrics["spread"]) is not None:
        figure = f"{spread[key]['mean']:.1%} ± {spread[key]['std']:.1%}"
        runs = f"{words.counted(spread['folds'], 'fold')}, {words.counted(spread['seeds'], 'seed')}"
        lines.append(f"mean ± deviation over {spread['over']}s ({runs}): {name} {figure}")
    if (heard := metrics["listeners"]) is not None:
        figures = f"accuracy {heard['accuracy']:.1%}, UAR {heard['uar']:.1%}"
        lines.append(f"listeners, sound alone, on the same clips: {figures}")
    return lines
