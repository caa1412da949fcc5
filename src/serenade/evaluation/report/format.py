"""Numbers and names as the report and the terminal show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serenade.text import printable


def percent(value: float | None, digits: int = 1) -> str:
    """Format a share as a percentage, "–" for None.

    >>> percent(0.5812).split(), percent(0.5, 0).split(), percent(None)
    (['58.1', '%'], ['50', '%'], '–')
    """
    return "–" if value is None else f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def points(value: float) -> str:
    """Format a difference of shares in percentage points.

    >>> points(0.0713)
    '7.1'
    """
    return f"{100 * value:.1f}"


def interval(value: Mapping[str, Any]) -> str:
    """Format the 95 % interval of a mean, "–" where there is none.

    >>> interval({"low": 0.5, "high": 0.653}).split()
    ['50.0', 'to', '65.3', '%']
    """
    if value["low"] is None:
        return "–"
    return f"{100 * value['low']:.1f} to {percent(value['high'])}"


def with_deviation(value: Mapping[str, Any]) -> str:
    """Format a mean with its standard deviation, if it has one.

    >>> with_deviation({"value": 0.642, "std": 0.033}).split()
    ['64.2', '±', '3.3', '%']
    >>> with_deviation({"value": 0.5, "std": None}).split()
    ['50.0', '%']
    """
    if value["std"] is None:
        return percent(value["value"])
    return f"{100 * value['value']:.1f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{percent(value['std'])}"


def thousands(value: float) -> str:
    """Format a count with separators.

    >>> thousands(7442)
    '7,442'
    """
    return f"{value:,.0f}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "clip"), counted(1200, "speaker")
    ('1 clip', '1,200 speakers')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Join names; of more than `most`, the rest is counted.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], 2)
    ('a, b and c', 'a, b and 1 more')
    """
    shown = [str(name) for name in names]
    if len(shown) > most:
        shown = [*shown[:most], f"{len(shown) - most} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"


def printable_values(content: Any) -> Any:
    r"""Return JSON-able content whose texts, keys too, hold only printed characters.

    >>> printable_values({"a\x1b[0m": ["b\n", 1]})
    {'a\\x1b[0m': ['b\\n', 1]}
    """
    if isinstance(content, str):
        return printable(content)
    if isinstance(content, Mapping):
        return {printable(key): printable_values(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [printable_values(value) for value in content]
    return content
