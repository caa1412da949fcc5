"""A comparison as a file: Markdown, LaTeX, CSV, JSON or a page, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.evaluation import figures
from serenade.evaluation.compare import tables
from serenade.evaluation.compare.comparison import Comparison
from serenade.evaluation.figures.class_recalls import MARKERS
from serenade.evaluation.figures.style import PAGE
from serenade.evaluation.metric import METRICS
from serenade.evaluation.report.environment import create_environment, svg_element
from serenade.evaluation.report.tables import TextTable
from serenade.files import write_by_suffix
from serenade.text import json_text, spreadsheet_text
from serenade.version import __version__


def write_comparison(comparison: Comparison, out: Path) -> None:
    """Write a comparison to a file.

    Args:
        comparison: of `serenade.compare`.
        out: ends in `.md`, `.tex` (tables), `.csv` (one row per run), `.json` (every number and clip) or
            `.html` (a page with figures).

    Raises:
        OutputError: another ending, or it cannot be written.
    """
    write_by_suffix(comparison, out, WRITERS)


def all_tables(comparison: Comparison) -> dict[str, TextTable]:
    """Return every table of a comparison by name."""
    found = {
        "runs": tables.run_table(comparison),
        "pairs": tables.pair_table(comparison),
        "classes": tables.class_table(comparison),
        "speakers": tables.speaker_table(comparison),
        "clips": tables.clip_table(comparison),
    }
    return {name: table for name, table in found.items() if table is not None}


def _markdown(comparison: Comparison) -> str:
    return "\n".join([f"{tables.summary(comparison)}\n", *(t.to_markdown() for t in _printed(comparison))])


def _latex(comparison: Comparison) -> str:
    return "\n".join(table.to_latex() for table in _printed(comparison))


def _printed(comparison: Comparison) -> list[TextTable]:
    """The tables of a paper; those of speakers and clips are long, and in the page."""
    return [
        tables.run_table(comparison),
        tables.pair_table(comparison),
        tables.class_table(comparison),
    ]


def _csv(comparison: Comparison) -> str:
    rows = []
    for run in comparison.runs:
        values = {
            f"{name}{suffix}": value
            for name, mean in run.means.items()
            for suffix, value in zip(("", "_std", "_low", "_high"), mean.to_dict().values(), strict=True)
        }
        row = {key: value for key, value in run.to_dict().items() if key not in ("means", "over")}
        rows.append({**row, "name": spreadsheet_text(run.name), "clips": len(comparison.clips), **values})
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def _json(comparison: Comparison) -> str:
    return json_text(comparison.to_dict(), indent=1) + "\n"


def page_content(comparison: Comparison) -> dict[str, Any]:
    """Return what a page shows of a comparison: names, metric, group, summary, tables and figures."""
    return {
        "names": comparison.names,
        "metric": METRICS[comparison.metric],
        "group": comparison.group,
        "summary": tables.summary(comparison),
        "tables": {"speakers": None, **all_tables(comparison)},
        "svg": _figures(comparison),
    }


def _page(comparison: Comparison) -> str:
    pairs = comparison.pairs
    environment = create_environment("serenade.evaluation.compare")
    return environment.get_template("page.html.j2").render(
        **page_content(comparison),
        hero=f"{100 * pairs[0].value:+.1f}" if len(pairs) == 1 else "",
        version=__version__,
    )


def _figures(comparison: Comparison) -> dict[str, Any]:
    """SVG elements by name; "" where there is nothing to draw. Their ids differ from those of a report."""
    names, title = comparison.names, METRICS[comparison.metric].title
    scores = [{"name": run.name, **run.means[comparison.metric].to_dict()} for run in comparison.runs]
    figure = figures.run_scores(scores, theme=PAGE, title=title)
    alt = ", ".join(f"{row['name']} {100 * float(str(row['value'])):.1f} %" for row in scores)
    drawn: dict[str, Any] = dict.fromkeys(("pairs", "classes", "speakers"), "")
    drawn["scores"] = svg_element(figure, name="compared-scores", alt=f"{title}: {alt}")
    if len(names) > 2:
        rows = [
            {"name": f"{pair.first} − {pair.second}", "value": pair.value, "low": pair.low, "high": pair.high}
            for pair in comparison.pairs
        ]
        figure = figures.run_scores(rows, theme=PAGE, title=f"difference of {title}", difference=True)
        drawn["pairs"] = svg_element(figure, name="compared-pairs", alt="The differences of the table below")
    if len(names) <= len(MARKERS):
        recalls = {name: comparison.classes[name].tolist() for name in names}
        figure = figures.class_recalls(comparison.classes["emotion"].tolist(), recalls, theme=PAGE)
        drawn["classes"] = svg_element(figure, name="compared-classes", alt="The recalls of the table below")
    if len(names) == 2 and len(comparison.speakers) > 1:
        differences = comparison.speakers[names[0]] - comparison.speakers[names[1]]
        figure = figures.speaker_differences(
            comparison.speakers["speaker"].tolist(), differences.tolist(), theme=PAGE
        )
        drawn["speakers"] = svg_element(
            figure, name="compared-speakers", alt="The differences by speaker, sorted"
        )
    return drawn


WRITERS: dict[str, Callable[[Comparison], str]] = {
    ".md": _markdown,
    ".tex": _latex,
    ".csv": _csv,
    ".json": _json,
    ".html": _page,
}
"""The function that makes the text of a file, by its ending."""
