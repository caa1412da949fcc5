"""The grid of a sweep: keys of a recipe with the values to try."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from serenade.errors import RecipeError

_PAIRS = {"[": "]", "{": "}"}


def parse_grid(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the combinations of a grid, each as changes of a recipe.

    Args:
        texts: each `section.key=value,value`, the values as in TOML.

    Raises:
        RecipeError: a text has another form, or names a key again.

    >>> parse_grid(["training.epochs=5,10", "network.options.widths=[8,8],[16,16]"])[1]
    ('training.epochs=5', 'network.options.widths=[16,16]')
    """
    keys: list[str] = []
    axes = []
    for text in texts:
        key, equals, values = text.partition("=")
        key = key.strip()
        if not equals or not key or not values.strip():
            raise RecipeError(f"--grid expects section.key=value,value, not {text!r}")
        if key in keys:
            raise RecipeError(f"--grid names {key} twice; give all of its values in one --grid")
        keys.append(key)
        axes.append([f"{key}={value}" for value in dict.fromkeys(_split(values))])
    if not axes:
        raise RecipeError("--grid is missing; name a key and its values, such as training.epochs=5,10")
    return list(product(*axes))


def _split(text: str) -> list[str]:
    """Split at commas that are in no brackets and no quotes."""
    parts, quote = [""], ""
    closing: list[str] = []
    for character in text:
        if character == "," and not closing and not quote:
            parts.append("")
            continue
        parts[-1] += character
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in _PAIRS:
            closing.append(_PAIRS[character])
        elif closing and character == closing[-1]:
            closing.pop()
    return [part.strip() for part in parts if part.strip()]
