"""The UAR of each speaker, as dots with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from serenade.evaluation.figures.style import Theme, canvas, name_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_NAMES = 30
"""With more speakers than this their names and intervals are left out: the dots are a sorted curve."""


def speaker_scores(rows: Sequence[Mapping[str, Any]], *, theme: Theme, overall: float) -> Figure:
    """Draw the UAR of each speaker, sorted, with the pooled UAR as a line.

    Args:
        rows: `{"speaker", "uar", "low", "high"}`; without bounds in evaluations of earlier versions.
        theme: colours.
        overall: UAR of all speakers' clips, 0–1.
    """
    ordered = sorted(rows, key=lambda row: float(row["uar"]))
    values, places = np.array([100 * row["uar"] for row in ordered]), np.arange(len(ordered))
    with canvas(theme, height_in=2.9) as (figure, (axes,)):
        label = f"all speakers: {100 * overall:.1f} %"
        axes.axhline(100 * overall, color=theme.second, lw=1.4, zorder=2, label=label)
        if len(ordered) <= MAX_NAMES:
            bounded = [(place, row) for place, row in enumerate(ordered) if "low" in row]
            lows, highs = ([100 * row[name] for _, row in bounded] for name in ("low", "high"))
            axes.vlines([place for place, _ in bounded], lows, highs, color=theme.accent, lw=1.4, alpha=0.55)
        size = max(3.0, min(8.0, 220 / len(ordered)))
        axes.plot(places, values, "o", color=theme.accent, ms=size, ls="none", clip_on=False)
        if len(ordered) <= MAX_NAMES:
            names = [name_text(row["speaker"], longest=14) for row in ordered]
            axes.set_xticks(places, names, rotation=90, size=8)
        else:
            axes.set_xticks([])
            axes.set_xlabel(f"{len(ordered):,} speakers, sorted by UAR")
        axes.set(ylim=(0, 100), xlim=(-0.7, len(ordered) - 0.3), ylabel="UAR in %")
        axes.grid(axis="y")
        figure.legend(loc="outside upper right")
        return figure
