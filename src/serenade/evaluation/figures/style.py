"""Colours, sizes and file formats of all figures.

A figure is drawn with a `Theme`. `PAPER` has real colours, for PNG files. `PAGE` has placeholders that become
CSS variables in an SVG, so that one drawing follows the colours of the page, also in dark mode and print.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serenade.errors import MissingExtra
from serenade.files import write_whole
from serenade.text import MATPLOTLIB_TEXT, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 160
WIDTH_IN = 5.4
"""Width of a full figure: text of 10 pt stays readable when a phone shrinks it to 350 px."""


@dataclass(frozen=True)
class Theme:
    """Colours by their role in a figure, as matplotlib takes them."""

    paper: str
    ink: str
    faint: str
    rule: str
    accent: str
    second: str
    cell: str


PAPER = Theme("#ffffff", "#1d2430", "#667085", "#dde1e8", "#1d7096", "#c8641b", "#62b0d0")
PAGE = Theme("none", "#010101", "#020202", "#030303", "#040404", "#050505", "#060606")
_CSS = (
    "none",
    "currentColor",
    "var(--faint)",
    "var(--rule)",
    "var(--accent)",
    "var(--second)",
    "var(--cell)",
)


@contextmanager
def canvas(
    theme: Theme, *, height_in: float, width_in: float = WIDTH_IN, heights: Sequence[float] = (1,)
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Open an empty figure and its axes in the common style.

    Args:
        theme: colours.
        height_in: height in inches.
        width_in: width in inches.
        heights: relative height of each row of axes, from the top.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ModuleNotFoundError as cause:
        raise MissingExtra('figures need matplotlib: pip install "serenade[train]"') from cause
    with mpl.rc_context(_settings(theme)):
        # Without pyplot there is no global state and no window system, and figures are safe in threads.
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=list(heights))
        yield figure, list(axes.flat)


def name_text(name: object, *, longest: int = 24) -> str:
    """Return a name as it is drawn: only printed characters, shortened to `longest` characters.

    >>> name_text("a_very_long_name_of_a_speaker", longest=12)
    'a_very_long…'
    """
    text = printable(name)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file."""
    import matplotlib as mpl

    with mpl.rc_context(_settings(PAPER)), write_whole(path, "wb") as out:
        figure.savefig(out, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.12)


def to_svg(figure: Figure, *, name: str) -> str:
    """Return the SVG element of a figure drawn with `PAGE`, coloured by the CSS variables of the page.

    Args:
        figure: drawn with the theme `PAGE`.
        name: different for each figure of a page; prefix of the ids in the SVG.
    """
    import matplotlib as mpl

    # Text stays text (searchable, in the reader's own font). The layout is made for DejaVu Sans, which is
    # wider than system fonts, so the text fits.
    settings = _settings(PAGE) | {"svg.fonttype": "none", "svg.hashsalt": name}
    with mpl.rc_context(settings):
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    svg = out.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    for placeholder, variable in zip(astuple(PAGE)[1:], _CSS[1:], strict=True):
        svg = svg.replace(placeholder, variable)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg).replace("url(#", f"url(#{name}-")
    svg = svg.replace("'DejaVu Sans', 'Bitstream Vera Sans'", "var(--font)")
    return re.sub(
        r'^<svg ([^>]*?)width="[^"]*" height="[^"]*"|^<svg height="[^"]*" width="[^"]*"', r"<svg \1", svg
    )


def _settings(theme: Theme) -> dict[Any, Any]:
    return {
        **MATPLOTLIB_TEXT,
        "figure.facecolor": theme.paper,
        "axes.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "text.color": theme.ink,
        "axes.labelcolor": theme.faint,
        "axes.titlecolor": theme.ink,
        "axes.edgecolor": theme.rule,
        "axes.grid": False,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.labelsize": 9.5,
        "grid.color": theme.rule,
        "grid.linewidth": 0.8,
        "xtick.color": theme.rule,
        "ytick.color": theme.rule,
        "xtick.labelcolor": theme.ink,
        "ytick.labelcolor": theme.ink,
        "xtick.labelsize": 9.5,
        "ytick.labelsize": 9.5,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "legend.labelcolor": theme.ink,
        "lines.linewidth": 1.8,
        "font.family": ["DejaVu Sans"],
        "font.size": 10,
        "svg.image_inline": True,
    }


def bare(axes: Axes, *, keep: str = "") -> None:
    """Remove the frame (but for the spine `keep`) and the tick marks."""
    axes.tick_params(length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == keep)
