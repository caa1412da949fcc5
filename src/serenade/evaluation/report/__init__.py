"""The report of an evaluation: one HTML file that loads nothing, light and dark, printable."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from serenade.audio.logmel import FrontEnd
from serenade.corpora import PARTS
from serenade.evaluation import figures
from serenade.evaluation.confident_errors import ConfidentError, confident_errors, sound_uri
from serenade.evaluation.figures.style import PAGE
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.metric import headline_first
from serenade.evaluation.predictions import labelled, one_per_clip
from serenade.evaluation.report import alt_text, details, format, headline, warnings
from serenade.evaluation.report.environment import create_environment, svg_element
from serenade.evaluation.report.limitations import limitations
from serenade.evaluation.report.tables import TextTable
from serenade.evaluation.run_info import read_logs
from serenade.evaluation.threshold_curves import ThresholdCurves, threshold_curves
from serenade.files import write_whole
from serenade.folders import EpochLog, RunFolder
from serenade.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from serenade.evaluation.compare import Comparison

Metrics = Mapping[str, Any]


def write_report(folder: Path, *, audio: bool = True, comparison: Comparison | None = None) -> Path:
    """Write `report.html` from the files of an evaluation folder.

    Args:
        folder: with `metrics.json` and `predictions.csv`. Learning curves and recipe are read from the run
            folder that `metrics.json` names; if it is missing the report says so.
        audio: whether the sound of the most confident errors is embedded.
        comparison: of this run with others; a section of the report.

    Returns:
        The path of the report.

    Raises:
        CorpusError: `folder` is not a finished evaluation, or damaged.
        RunError: a file of the run folder is damaged.
        MissingExtra: jinja2 or matplotlib is not installed.
        OutputError: the report cannot be written.
    """
    evaluation = EvaluationFolder(folder)
    raw, table = evaluation.read()
    metrics = format.printable_values(raw)
    run = RunFolder((folder / raw["run_path"]).resolve()) if raw["run_path"] else None
    run_is_missing = run is not None and not run.recipe.is_file()
    run = None if run_is_missing else run
    robustness, curve = evaluation.read_robustness(), evaluation.read_speaker_curve()
    errors = []
    curves: list[ThresholdCurves] = []
    if raw["pooled"]:
        curves = threshold_curves(one_per_clip(labelled(table, raw["labels"])), raw["labels"])
        takes_sound = (raw["model"] or {}).get("inputs") != "text"
        errors = confident_errors(table, raw["labels"], front_end=_front_end(raw), takes_sound=takes_sound)
    page = (
        create_environment()
        .get_template("page.html.j2")
        .render(
            m=metrics,
            title=headline.title(metrics),
            summary=headline.summary_text(metrics),
            metrics=headline_first(metrics["headline"]),
            groups=headline.groups(metrics),
            runs=headline.runs_text(metrics) if metrics["mean"] else "",
            pooled=headline.pooled_text(metrics),
            warnings=warnings.warnings(metrics),
            left_out=warnings.left_out_text(metrics),
            limitations=limitations(metrics),
            confusions=details.confusions(metrics),
            calibration=details.calibration_text(metrics) if metrics["calibration"] else "",
            splits=details.split_rows(metrics),
            parts=[part for part in PARTS if any(part in split["parts"] for split in metrics["splits"])],
            svg=_figures(metrics, read_logs(run) if run else {}, robustness, curves, curve),
            speaker_curve=curve,
            curves=curves,
            speakers=_speaker_table(metrics),
            max_names=figures.MAX_NAMES,
            errors=[_card(error, raw, number, audio=audio) for number, error in enumerate(errors)],
            robustness=robustness,
            explanations=_explanations(evaluation),
            comparison=None if comparison is None else _compared(comparison),
            recipe="\n".join(map(printable, run.read_recipe_text().splitlines())) if run else "",
            run_is_missing=run_is_missing,
        )
    )
    with write_whole(evaluation.report) as out:
        out.write(page)
    return evaluation.report


def _compared(comparison: Comparison) -> dict[str, Any]:
    """What the page shows of a comparison with other runs."""
    from serenade.evaluation.compare.write import page_content  # its modules import this package

    return page_content(comparison)


def _explanations(evaluation: EvaluationFolder) -> list[dict[str, Any]]:
    """What the page shows of explained predictions."""
    content = evaluation.read_explanations() or {"explanations": []}
    shown = []
    for number, record in enumerate(content["explanations"], 1):
        named = {key: printable(record[key]) for key in ("name", "label", "emotion")}
        png = base64.b64encode(evaluation.figure(f"explanation{number}").read_bytes()).decode()
        shown.append(
            {**named, "probability": record["probability"], "png": png, "alt": alt_text.explanation(record)}
        )
    return shown


def _figures(
    metrics: Metrics,
    logs: Mapping[str, list[EpochLog]],
    robustness: Metrics | None,
    curves: Sequence[ThresholdCurves],
    curve: Metrics | None,
) -> dict[str, str]:
    """SVG elements by name, each with its text alternative."""
    drawn: dict[str, tuple[Figure, str]] = {}
    first = metrics["headline"]
    if logs:
        figure = figures.learning_curves(logs, theme=PAGE, metric=first)
        drawn["curves"] = figure, alt_text.learning_curves(logs, first)
    if robustness:
        figure = figures.robustness(robustness, theme=PAGE)
        drawn["robustness"] = figure, alt_text.robustness(robustness)
    if curve:
        figure = figures.speaker_curve(curve, theme=PAGE)
        drawn["speaker_curve"] = figure, alt_text.speaker_curve(curve)
    if curves:
        figure = figures.draw_threshold_curves(curves, theme=PAGE)
        drawn["thresholds"] = figure, alt_text.threshold_curves(curves)
    if metrics["pooled"]:
        pooled, labels = metrics["pooled"], metrics["labels"]
        recall = (metrics["listeners"] or {}).get("recall")
        rows = headline.comparison_rows(metrics)
        title = headline_first(first)[0].title
        drawn |= {
            "comparison": (
                figures.comparison(rows, theme=PAGE, metric=title),
                alt_text.comparison(metrics),
            ),
            "confusion": (
                figures.confusion_matrix(np.array(pooled["confusion"]), labels, theme=PAGE),
                alt_text.confusion_matrix(metrics),
            ),
            "classes": (
                figures.class_scores(pooled["per_class"], theme=PAGE, listeners=recall),
                alt_text.class_scores(metrics),
            ),
            "reliability": (
                figures.reliability(metrics["calibration"], theme=PAGE),
                alt_text.reliability(metrics),
            ),
            "risk_coverage": (
                figures.risk_coverage(
                    metrics["calibration"]["risk_coverage"],
                    rows=metrics["calibration"]["thresholds"],
                    theme=PAGE,
                ),
                alt_text.risk_coverage(metrics),
            ),
        }
        if len(metrics["speakers"]) > 1:
            drawn["speakers"] = (
                figures.speaker_scores(metrics["speakers"], theme=PAGE, overall=pooled["uar"]),
                alt_text.speaker_scores(metrics),
            )
    return {name: svg_element(figure, name=name, alt=alt) for name, (figure, alt) in drawn.items()}


def _speaker_table(metrics: Metrics) -> TextTable | None:
    """The UAR of each speaker, the lowest first; None for a single one."""
    if len(metrics["speakers"]) < 2:
        return None
    ordered = sorted(metrics["speakers"], key=lambda row: float(row["uar"]))
    rows = tuple(
        (
            row["speaker"],
            f"{row['n']:,}",
            format.percent(row["uar"]),
            format.interval({"low": row.get("low"), "high": row.get("high")}),
        )
        for row in ordered
    )
    return TextTable(title="Speakers", head=("speaker", "clips", "UAR", "95 % interval"), rows=rows)


def _front_end(metrics: Metrics) -> FrontEnd:
    return FrontEnd.from_dict(metrics["model"]["front_end"]) if metrics["model"] else FrontEnd()


def _card(error: ConfidentError, metrics: Metrics, number: int, *, audio: bool) -> dict[str, Any]:
    """What the page shows of an error."""
    front_end, row = _front_end(metrics), format.printable_values(error.row)
    picture = sound = ""
    if error.level_db is not None:
        figure = figures.spectrogram(error.level_db, front_end=front_end, theme=PAGE)
        picture = svg_element(figure, name=f"mel{number}", alt=alt_text.spectrogram(row))
    if audio and error.samples is not None:
        sound = sound_uri(error.samples, rate_hz=front_end.rate_hz)
    scores = [(printable(label), value) for label, value in error.scores]
    return {
        "row": row,
        "name": printable(Path(error.row["file"]).name),
        "scores": scores[:3] + [pair for pair in scores[3:] if pair[0] == row["emotion"]],
        "picture": picture,
        "sound": sound,
        "note": printable(error.note),
        "text": printable(" ".join(str(error.row.get("text", "")).split())),
    }
