"""The templates of the pages, and figures as elements of a page."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from serenade.errors import MissingExtra
from serenade.evaluation.figures.style import to_svg
from serenade.evaluation.report import format

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure


def create_environment(*packages: str) -> Environment:
    """Return the environment of the templates in some packages; those of the report are always found.

    Args:
        packages: names of packages with templates, such as "serenade.evaluation.compare".

    Raises:
        MissingExtra: jinja2 is not installed.
    """
    try:
        from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
    except ModuleNotFoundError as cause:
        raise MissingExtra('a report needs jinja2: pip install "serenade[train]"') from cause
    from importlib.resources import files

    folders = [str(files(name)) for name in (*packages, "serenade.evaluation.report")]
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("percent", "points", "interval", "with_deviation", "thousands", "counted", "listed"):
        environment.filters[name] = getattr(format, name)
    return environment


def svg_element(figure: Figure, *, name: str, alt: str) -> Any:
    """Return a figure as an SVG element with a text alternative.

    Args:
        figure: drawn with the theme `PAGE`.
        name: different for each figure of a page.
        alt: the text alternative.
    """
    from markupsafe import Markup

    # Matplotlib escapes the texts that it draws; the text alternative is escaped here.
    label = f'<svg role="img" aria-label="{html.escape(alt)}" '
    return Markup(to_svg(figure, name=name).replace("<svg ", label, 1))
