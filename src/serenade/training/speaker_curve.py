"""Learning curves over the number of training speakers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serenade.corpora.speakers import speaker_ids
from serenade.corpora.train_speakers import drawn_rows
from serenade.errors import RecipeError
from serenade.evaluation import figures
from serenade.evaluation.figures.style import PAPER, save_png
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.metric import METRICS
from serenade.evaluation.report import write_report
from serenade.evaluation.report.tables import TextTable
from serenade.features.store import Store
from serenade.files import make_folder, write_json, write_whole
from serenade.folders import RunFolder
from serenade.text import counted
from serenade.training.evaluate import evaluate
from serenade.training.fold_run import fold_runs_of, split_of
from serenade.training.recipe import Recipe, load_recipe
from serenade.training.run import train


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """The scores on test for one number of training speakers.

    Attributes:
        speakers: in train; the smallest number over the folds where all are used.
        scores: of each draw, the mean over fold runs.
        runs: the run folder of each draw, in the folder of the curve.
    """

    speakers: int
    scores: tuple[float, ...]
    runs: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Mean over draws."""
        return float(np.mean(self.scores))

    @property
    def std(self) -> float | None:
        """Standard deviation over draws; None for one draw."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else None


@dataclass(frozen=True, kw_only=True)
class SpeakerCurve:
    """A learning curve over the number of training speakers.

    Attributes:
        folder: where its runs, `speaker_curve.json`, `.csv` and `.png` are.
        metric: of the scores.
        points: by number of speakers.
        report: of the run on all training speakers; it shows the curve.
    """

    folder: Path
    metric: str
    points: tuple[CurvePoint, ...]
    report: Path

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        points = [{**asdict(point), "mean": point.mean, "std": point.std} for point in self.points]
        return {"metric": self.metric, "points": points}

    def table(self) -> TextTable:
        """Return one row for each number of speakers."""
        rows = tuple(
            (
                f"{point.speakers:,}",
                f"{100 * point.mean:.1f}" + ("" if point.std is None else f" ± {100 * point.std:.1f}"),
                ""
                if point.std is None
                else f"{100 * min(point.scores):.1f} to {100 * max(point.scores):.1f}",
                str(len(point.scores)),
            )
            for point in self.points
        )
        head = ("speakers in train", f"{METRICS[self.metric].title} on test, %", "range", "draws")
        note = "Mean and standard deviation over draws of training speakers; dev and test are the same."
        return TextTable(title="Learning curve", head=head, rows=rows, note=note)


def speaker_curve(
    recipe: str | Path,
    *,
    store: Store | str | Path,
    out: str | Path,
    speakers: Sequence[int] = (),
    draws: int = 3,
    changes: Sequence[str] = (),
    on_run: Callable[[int, int, str], None] | None = None,
) -> SpeakerCurve:
    """Train a recipe on growing numbers of speakers, and evaluate each model on the same test parts.

    The speakers of a smaller number are among those of a larger one of the same draw. A curve in the same
    folder continues. The report of the run on all speakers shows the curve.

    Args:
        recipe: a TOML file or a run folder.
        store: what is trained on.
        out: the folder of the curve.
        speakers: numbers of training speakers; 2, 4, 8 and so on if empty. All of them are always used, too.
        draws: random orders of the speakers.
        changes: changes of the recipe, each `section.key=value`.
        on_run: called with the number of a run, of all, and its name.

    Raises:
        RecipeError: the recipe draws speakers itself, or a number is not possible.
        SplitError: train has unknown speakers, or the drawn ones do not have all labels.

    >>> curve = speaker_curve("recipe.toml", store="store", out="curve", speakers=[2], draws=1)
    >>> [(point.speakers, len(point.scores)) for point in curve.points]
    [(2, 1), (3, 1)]
    """
    whole = load_recipe(recipe, changes=changes)
    if whole.data.train_speakers:
        raise RecipeError("data.train_speakers is set; a learning curve sets it itself")
    opened = store if isinstance(store, Store) else Store.open(store)
    folder = Path(out)
    available = _available(whole, opened, folder)
    counts = sorted(set(speakers)) or [2**power for power in range(1, 12) if 2**power < available]
    if counts and not 1 <= counts[0] <= counts[-1] <= available:
        raise RecipeError(f"train has {available} speakers; choose numbers from 1 to {available}")
    draw_count = {count: draws for count in counts if count < available} | {available: 1}
    jobs = [(count, draw) for count, number in draw_count.items() for draw in range(number)]
    found: dict[int, list[tuple[float, Path]]] = {}
    metric = ""
    for number, (count, draw) in enumerate(jobs, 1):
        fewer = [f"data.train_speakers={count}", f"data.speaker_draw={draw}"] if count < available else []
        each = load_recipe(recipe, changes=[*changes, *fewer])
        if on_run is not None:
            on_run(number, len(jobs), f"{counted(count, 'speaker')}, draw {draw + 1}")
        run = train(each, store=opened, out=folder / each.hash[:12], resume=True).folder
        evaluation = EvaluationFolder(RunFolder(run).evaluation)
        if not evaluation.metrics.is_file():
            evaluate(run, audio=False)
        metrics, _ = evaluation.read()
        metric = metrics["headline"]
        found.setdefault(count, []).append((float(metrics["mean"][metric]["value"]), run))
    points = tuple(
        CurvePoint(
            speakers=count,
            scores=tuple(score for score, _ in runs),
            runs=tuple(run.name for _, run in runs),
        )
        for count, runs in found.items()
    )
    last = EvaluationFolder(RunFolder(found[available][0][1]).evaluation)
    curve = SpeakerCurve(folder=folder, metric=metric, points=points, report=last.report)
    _write(curve, last)
    return curve


def _available(recipe: Recipe, store: Store, folder: Path) -> int:
    """The number of training speakers, in the fold with the fewest."""
    splits = [split_of(recipe, store, each) for each in fold_runs_of(recipe, store, RunFolder(folder))]
    names = speaker_ids(store.index)
    corpus = recipe.data.split_corpus
    return min(int(names[drawn_rows(store.index, split, corpus=corpus)].nunique()) for split in splits)


def _write(curve: SpeakerCurve, last: EvaluationFolder) -> None:
    content = curve.to_dict()
    make_folder(curve.folder)
    write_json(curve.folder / "speaker_curve.json", content)
    rows = [
        {"speakers": point.speakers, "draw": draw, curve.metric: score, "run": run}
        for point in curve.points
        for draw, (score, run) in enumerate(zip(point.scores, point.runs, strict=True))
    ]
    with write_whole(curve.folder / "speaker_curve.csv") as out:
        pd.DataFrame(rows).to_csv(out, index=False, lineterminator="\n")
    save_png(figures.speaker_curve(content, theme=PAPER), curve.folder / "speaker_curve.png")
    last.write_speaker_curve(content)
    write_report(last.path, audio=False)
