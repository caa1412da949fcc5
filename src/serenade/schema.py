"""Plain values from JSON or TOML, checked against the types of a dataclass."""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_NAMES = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    dict: "a table of names and values",
    tuple: "a list",
    type(None): "null",
}


class SchemaError(ValueError):
    """A value of the wrong type, a missing key or an unknown one; the message names the key."""


def build(kind: type[T], content: object, *, unknown: str = "refuse", prefix: str = "") -> T:
    """Make a dataclass from a mapping; its fields may be dataclasses, lists, mappings and unions with None.

    Whole numbers are accepted as floats, and lists as tuples.

    Args:
        kind: a dataclass.
        content: what JSON or TOML gave.
        unknown: "refuse" unknown keys, or "ignore" them.
        prefix: put before the names of keys in errors, such as "training.".

    Raises:
        SchemaError: a key is missing, unknown or of the wrong type.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Point:
    ...     x: float
    ...     name: str = ""
    >>> build(Point, {"x": 1})
    Point(x=1.0, name='')
    >>> build(Point, {"x": 1, "nam": "a"})
    Traceback (most recent call last):
        ...
    serenade.schema.SchemaError: unknown key 'nam'; did you mean 'name'?
    """
    if not isinstance(content, Mapping):
        what = f"'{prefix.rstrip('.')}'" if prefix else "the content"
        raise SchemaError(f"{what} must be {_NAMES[dict]}, not {_shown(content)}")
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    known = [entry.name for entry in fields(kind) if entry.init]
    values = {}
    for key, value in content.items():
        if key in known:
            values[key] = check(value, hints[key], key=f"{prefix}{key}", unknown=unknown)
        elif unknown == "refuse":
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
            raise SchemaError(f"unknown key '{prefix}{key}'; did you mean '{prefix}{near}'?")
    for entry in fields(kind):
        required = entry.init and entry.default is MISSING and entry.default_factory is MISSING
        if required and entry.name not in values:
            raise SchemaError(f"the key '{prefix}{entry.name}' is missing")
    return kind(**values)


def check(value: object, kind: Any, *, key: str, unknown: str = "refuse") -> Any:
    """The value as the type `kind`.

    Raises:
        SchemaError: it is of another type.
    """
    if kind is Any:
        return value
    if is_dataclass(kind) and isinstance(kind, type):
        return build(kind, value, unknown=unknown, prefix=f"{key}.")
    arguments, origin = get_args(kind), get_origin(kind) or kind
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        others = [entry for entry in arguments if entry is not type(None)]
        return check(value, others[0], key=key, unknown=unknown)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(check(entry, arguments[0], key=key, unknown=unknown) for entry in value)
    if origin in (dict, Mapping) and isinstance(value, Mapping):
        inner = arguments[1] if arguments else Any
        return {
            str(name): check(entry, inner, key=f"{key}.{name}", unknown=unknown)
            for name, entry in value.items()
        }
    if origin is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise SchemaError(f"'{key}' is too large a number") from None
    if (
        not isinstance(value, origin)
        or origin in (tuple, dict)
        or (origin is int and isinstance(value, bool))
    ):
        raise SchemaError(f"'{key}' must be {_NAMES.get(origin, origin.__name__)}, not {_shown(value)}")
    return value


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        SchemaError: it is not JSON, not UTF-8, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise SchemaError("it is nested too deeply") from None
    except ValueError as cause:
        raise SchemaError(f"it is not JSON: {cause}" if text.strip() else "it is empty") from cause


def read_json(file: Path) -> Any:
    """The value of a JSON file.

    Raises:
        SchemaError: see `parse_json`.
        OSError: it cannot be read.
    """
    return parse_json(file.read_bytes())


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."
