"""Plain values from JSON or TOML, checked against the types of a dataclass and against bounds.

Bounds matter for what is read from files that anyone can have written, such as a model: a number like 1e308
or 10**9 would otherwise fill the memory long after it was read.
"""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

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


@dataclass(frozen=True)
class Range:
    """Bounds of a number, both included: `rate_hz: Annotated[int, Range(1_000, 384_000)]`."""

    low: float
    high: float


@dataclass(frozen=True)
class Length:
    """Bounds of the length of a text or list, both included: `name: Annotated[str, Length(1, 200)]`."""

    low: int
    high: int


@dataclass(frozen=True)
class Plain:
    """Bounds of a value without a type of its own: `options: Annotated[dict[str, Any], Plain()]`.

    Attributes:
        depth: lists and tables inside each other.
        entries: entries of each of them.
        number: largest magnitude of a number.
        characters: of each text.
    """

    depth: int = 8
    entries: int = 10_000
    number: float = 1e6
    characters: int = 10_000


def build(
    kind: type[T], content: object, *, unknown: str = "refuse", complete: bool = False, prefix: str = ""
) -> T:
    """Make a dataclass from a mapping; its fields may be dataclasses, lists, mappings and unions with None.

    Whole numbers are accepted as floats and the reverse, and lists as tuples.

    Args:
        kind: a dataclass.
        content: what JSON or TOML gave.
        unknown: "refuse" unknown keys, or "ignore" them.
        complete: whether fields with a default must be given, too.
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
    hints = _hints(kind)
    known = [entry.name for entry in fields(kind) if entry.init]
    values = {}
    for key, value in content.items():
        if key in known:
            values[key] = check(value, hints[key], key=f"{prefix}{key}", unknown=unknown)
        elif unknown == "refuse":
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
            raise SchemaError(f"unknown key '{prefix}{key}'; did you mean '{prefix}{near}'?")
    for entry in fields(kind):
        has_default = entry.default is not MISSING or entry.default_factory is not MISSING
        if entry.init and (complete or not has_default) and entry.name not in values:
            raise SchemaError(f"the key '{prefix}{entry.name}' is missing")
    return kind(**values)


def check_fields(instance: Any) -> None:
    """Check the fields of a dataclass, and give each value its annotated type; for `__post_init__`.

    Raises:
        SchemaError: a field is of another type or out of its bounds.

    >>> @dataclass(frozen=True)
    ... class Point:
    ...     x: Annotated[int, Range(0, 10)]
    ...     def __post_init__(self) -> None:
    ...         check_fields(self)
    >>> Point(3.0)
    Point(x=3)
    >>> Point(11)
    Traceback (most recent call last):
        ...
    serenade.schema.SchemaError: 'x' must be between 0 and 10, not 11
    """
    cls: Any = type(instance)
    for name, kind in _hints(cls).items():
        object.__setattr__(instance, name, check(getattr(instance, name), kind, key=name))


def check(value: object, kind: Any, *, key: str, unknown: str = "refuse") -> Any:
    """The value as the type `kind`.

    Raises:
        SchemaError: it is of another type.
    """
    if kind is Any:
        return value
    if is_dataclass(kind) and isinstance(kind, type):
        return value if isinstance(value, kind) else build(kind, value, unknown=unknown, prefix=f"{key}.")
    arguments, origin = get_args(kind), get_origin(kind) or kind
    if origin is Annotated:
        value = check(value, arguments[0], key=key, unknown=unknown)
        for bound in arguments[1:]:
            value = _bounded(value, bound, key=key)
        return value
    if origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            raise SchemaError(f"'{key}' must be one of {', '.join(arguments)}, not {_shown(value)}")
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        others = [entry for entry in arguments if entry is not type(None)]
        return check(value, others[0], key=key, unknown=unknown)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(
            check(entry, arguments[0], key=f"{key}[{place}]", unknown=unknown)
            for place, entry in enumerate(value)
        )
    if origin in (dict, Mapping) and isinstance(value, Mapping):
        inner = arguments[1] if arguments else Any
        return {
            str(name): check(entry, inner, key=f"{key}.{name}", unknown=unknown)
            for name, entry in value.items()
        }
    if origin in (int, float) and isinstance(value, Real) and not isinstance(value, bool):
        return _number(value, origin, key=key)
    if not isinstance(value, origin) or origin in (tuple, dict, int):
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


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _number(value: Any, kind: type[int] | type[float], *, key: str) -> int | float:
    """The number as an int or float; 3.0 is a whole number."""
    if kind is int and not (isinstance(value, int) or float(value).is_integer()):
        raise SchemaError(f"'{key}' must be {_NAMES[int]}, not {_shown(value)}")
    try:
        return kind(value)
    except OverflowError:
        raise SchemaError(f"'{key}' is too large a number") from None


def _bounded(value: Any, bound: object, *, key: str) -> Any:
    if isinstance(bound, Plain):
        return _plain(value, bound, key=key)
    if isinstance(bound, Range) and value is not None and not bound.low <= value <= bound.high:
        limits = f"{bound.low:,.10g} and {bound.high:,.10g}"
        raise SchemaError(f"'{key}' must be between {limits}, not {_shown(value)}")
    if isinstance(bound, Length) and value is not None and not bound.low <= len(value) <= bound.high:
        unit = "characters" if isinstance(value, str) else "entries"
        raise SchemaError(f"'{key}' must have {bound.low:,} to {bound.high:,} {unit}, and has {len(value):,}")
    return value


def _plain(value: Any, bound: Plain, *, key: str, depth: int = 0) -> Any:
    """What JSON can hold, within bounds, in dicts and lists of its own."""
    if depth > bound.depth:
        raise SchemaError(f"'{key}' is nested more than {bound.depth} deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Real):
        return _bounded(value, Range(-bound.number, bound.number), key=key)
    if isinstance(value, str):
        return _bounded(value, Length(0, bound.characters), key=key)
    if not isinstance(value, Mapping | list | tuple):
        raise SchemaError(f"'{key}' must be text, a number, a list or a table, not {_shown(value)}")
    _bounded(value, Length(0, bound.entries), key=key)
    if isinstance(value, Mapping):
        names = [_bounded(str(name), Length(0, 200), key=key) for name in value]
        pairs = zip(names, value.values(), strict=True)
        return {name: _plain(entry, bound, key=f"{key}.{name}", depth=depth + 1) for name, entry in pairs}
    return [_plain(entry, bound, key=f"{key}[{place}]", depth=depth + 1) for place, entry in enumerate(value)]


def _shown(value: object) -> str:
    """The value in one short line."""
    if isinstance(value, Mapping | list | tuple):
        return f"{_NAMES[dict if isinstance(value, Mapping) else tuple]} of {len(value):,}"
    try:
        shown = repr(value)
    except ValueError:  # an int of more than 4,300 digits
        return "a huge number"
    return shown if len(shown) <= 40 else f"{shown[:37]}..."
