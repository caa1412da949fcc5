"""One self-contained page about one evaluation: no script, no network, light and dark, printable."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from serenade.audio.logmel import FrontEnd
from serenade.corpora import PARTS
from serenade.errors import CorpusError, MissingExtra
from serenade.evaluation import figures, provenance
from serenade.evaluation.report import text as words
from serenade.evaluation.style import PAGE, to_svg
from serenade.evaluation.summary import TEXT_COLUMNS
from serenade.evaluation.worst_errors import WorstError, band_centres, sound_uri, worst_errors
from serenade.files import protect_inputs, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT = "report.html"


def write_report(folder: Path, *, audio: bool = True) -> Path:
    """Write `report.html` from what lies in an evaluation folder, and say where it lies.

    Args:
        folder: with `metrics.json` and `predictions.csv`; curves and recipe are read from the run folder
            that `metrics.json` points to, and done without (which the page says) where it is gone.
        audio: whether the sound of the worst errors is embedded.

    Raises:
        CorpusError: `folder` is not a finished evaluation, or cannot be read.
        MissingExtra: jinja2 or matplotlib is not installed.
        OutputError: the page cannot be written.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as cause:
        raise MissingExtra('a report needs jinja2: pip install "serenade[train]"') from cause
    protect_inputs([folder / REPORT], [folder / "metrics.json", folder / "predictions.csv"])
    metrics = _read_metrics(folder / "metrics.json")
    table = _read_predictions(folder / "predictions.csv")
    run = (folder / metrics["run_at"]).resolve() if metrics["run_at"] else None
    gone = run is not None and not (run / "recipe.toml").is_file()
    run = None if gone else run
    logs = provenance.read_logs(run) if run else {}
    environment = Environment(
        loader=PackageLoader("serenade.evaluation", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=words.percent, thousands=words.thousands, counted=words.counted, listed=words.listed
    )
    page = environment.get_template("page.html.j2").render(
        m=metrics,
        title=words.title(metrics),
        lede=words.lede(metrics),
        standing=words.standing(metrics),
        ranked=words.ranked(metrics),
        groups="dialogues" if words.by_dialogue(metrics) else "speakers",
        limits=words.limits(metrics),
        confusions=words.confusions(metrics),
        calibration=words.calibration(metrics) if metrics["pooled"] else "",
        splits=words.split_rows(metrics),
        parts=[part for part in PARTS if any(part in split["parts"] for split in metrics["splits"])],
        svg=_figures(metrics, logs),
        errors=[_card(error, metrics, n) for n, error in enumerate(_errors(metrics, table, audio=audio))],
        recipe=provenance.read_recipe(run) if run else "",
        gone=gone,
    )
    path = folder / REPORT
    with write_whole(path) as out:
        out.write(page)
    return path


def _read_metrics(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorpusError(
            "there is no evaluation here; make one with: serenade evaluate", file=file
        ) from None
    except ValueError as cause:
        raise CorpusError(f"is not JSON ({cause}); evaluate again", file=file) from cause
    if not isinstance(content, dict) or "counts" not in content or "labels" not in content:
        raise CorpusError("is not the metrics.json of an evaluation; evaluate again", file=file)
    return content


def _read_predictions(file: Path) -> pd.DataFrame:
    texts = dict.fromkeys(TEXT_COLUMNS, str)
    try:
        table = pd.read_csv(file, dtype=texts, keep_default_na=False, na_values={"start": [""], "end": [""]})
    except FileNotFoundError:
        raise CorpusError("is missing; evaluate again", file=file) from None
    except ValueError as cause:
        raise CorpusError(f"cannot be read ({cause}); evaluate again", file=file) from cause
    return table


def _figures(metrics: Mapping[str, Any], logs: Mapping[str, list[dict[str, float]]]) -> dict[str, str]:
    """SVG elements by name, each with what it shows in words."""
    drawn: dict[str, tuple[Figure, str]] = {}
    if logs:
        score = words.ranked(metrics)[0][0]
        drawn["curves"] = figures.curves(logs, theme=PAGE, score=score), words.alt_curves(logs, score)
    if metrics["pooled"]:
        pooled, labels = metrics["pooled"], metrics["labels"]
        listeners = metrics["listeners"] or {}
        drawn |= {
            "scale": (
                figures.scale(words.marks(metrics), theme=PAGE, name=words.ranked(metrics)[0][1]),
                words.alt_scale(metrics),
            ),
            "confusion": (
                figures.confusion_matrix(pooled["confusion"], labels, theme=PAGE),
                words.alt_confusion(metrics),
            ),
            "classes": (
                figures.per_class(pooled["per_class"], theme=PAGE, listeners=listeners.get("recall")),
                words.alt_classes(metrics),
            ),
            "reliability": (
                figures.reliability(metrics["calibration"]["bins"], theme=PAGE),
                words.alt_reliability(metrics),
            ),
        }
        if len(metrics["speakers"]) > 1:
            drawn["speakers"] = (
                figures.speakers(metrics["speakers"], theme=PAGE, mean=pooled["uar"]),
                words.alt_speakers(metrics),
            )
    return {name: _labelled(to_svg(figure, name=name), alt) for name, (figure, alt) in drawn.items()}


def _labelled(svg: str, alt: str) -> str:
    from markupsafe import Markup

    # Matplotlib escapes the texts that it draws; what is added here is escaped here.
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" ', 1))


def _errors(metrics: Mapping[str, Any], table: pd.DataFrame, *, audio: bool) -> list[WorstError]:
    if not metrics["pooled"]:
        return []
    hears = (metrics["model"] or {}).get("inputs") != "text"
    return worst_errors(table, metrics["labels"], front_end=_front_end(metrics), hears=hears, audio=audio)


def _front_end(metrics: Mapping[str, Any]) -> FrontEnd:
    return FrontEnd.from_dict(metrics["model"]["front_end"]) if metrics["model"] else FrontEnd()


def _card(error: WorstError, metrics: Mapping[str, Any], number: int) -> dict[str, Any]:
    front_end = _front_end(metrics)
    picture = ""
    if error.features is not None:
        figure = figures.log_mel(
            error.features,
            hop_s=front_end.hop / front_end.rate_hz,
            band_hz=band_centres(front_end),
            theme=PAGE,
        )
        picture = _labelled(to_svg(figure, name=f"mel{number}"), words.alt_log_mel(error.row))
    sound = "" if error.sound is None else sound_uri(error.sound, rate_hz=front_end.rate_hz)
    return {
        "row": error.row,
        "name": Path(error.row["file"]).name,
        "scores": error.scores[:3] + [pair for pair in error.scores[3:] if pair[0] == error.row["emotion"]],
        "picture": picture,
        "sound": sound,
        "note": error.note,
        "text": str(error.row.get("text", "")),
    }
