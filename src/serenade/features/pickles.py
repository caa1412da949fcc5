"""Pickles read as data: nothing that a pickle names is imported or called.

A pickle is a program. To allow a few globals, as Python's documentation suggests, is not safe for NumPy:
an object array with a forged data type turns bytes into pointers. So NumPy's functions are not called either.
The calls that a pickle asks for are recorded, and the arrays are built from these records after checks.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from serenade.audio.discovery import is_lfs_pointer
from serenade.errors import CorpusError

_CALLS = {
    **{f"{numpy}.multiarray._reconstruct": "array" for numpy in ("numpy.core", "numpy._core")},
    **{f"{numpy}.multiarray.scalar": "scalar" for numpy in ("numpy.core", "numpy._core")},
    **{f"{numpy}.numeric._frombuffer": "frombuffer" for numpy in ("numpy.core", "numpy._core")},
    "numpy.ndarray": "ndarray",
    "numpy.dtype": "dtype",
    # How Python 3 writes bytes for Python 2.
    "_codecs.encode": "encode",
    "__builtin__.bytes": "no bytes",
}
"""Globals that a pickle of arrays uses, and what they stand for."""

_TYPES = re.compile(r"[biufcSU]\d+")
_BROKEN = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Exceptions of Python's unpickler for bytes that are not a pickle."""


def load_pickle(file: str | Path) -> Any:
    """Load arrays, lists, dicts, text, bytes and numbers from a pickle of Python 2 or 3.

    Arrays have numbers or text in the machine's byte order; they are read-only unless they had to be copied.

    Raises:
        CorpusError: the pickle asks for anything else, has arrays of Python objects, is truncated or not a
            pickle, or the file is missing or a Git LFS pointer.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.pkl")
    >>> _ = file.write_bytes(pickle.dumps({"0": np.arange(3.0)}))
    >>> load_pickle(file)
    {'0': array([0., 1., 2.])}
    >>> _ = file.write_bytes(pickle.dumps(eval))
    >>> load_pickle(file)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    serenade.errors.CorpusError: ...a.pkl: wants to call builtins.eval, which is refused; ...
    """
    file = Path(file)
    try:
        if is_lfs_pointer(file):
            raise CorpusError("is a Git LFS pointer, not the pickle; run `git lfs pull`", file=file)
        with file.open("rb") as source:
            # Python-2 text and arrays are both byte strings; latin1 keeps every byte.
            return _made(_Reader(source, encoding="latin1").load())
    except _Refused as refused:
        raise CorpusError(str(refused), file=file) from None
    except OSError as cause:
        raise CorpusError(f"cannot be read: {cause.strerror}; check the path", file=file) from cause
    except _BROKEN as cause:
        raise CorpusError(f"is not a complete pickle ({cause}); copy it again", file=file) from cause


class _Refused(Exception):
    """A pickle that is more than data."""


class _Note:
    """A recorded call of a pickle, with the state for its result."""

    __slots__ = ("arguments", "state", "what")

    def __init__(self, what: str, arguments: tuple[Any, ...]) -> None:
        self.what = what
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Call:
    """Stands for a global; calling it records the call."""

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what

    def __call__(self, *arguments: Any) -> _Note:
        return _Note(self.what, arguments)

    def __setstate__(self, state: Any) -> None:
        raise _Refused("changes a loaded global, which is refused; no code in it was run")


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return a stand-in for a global that arrays need; refuse any other."""
        wanted = f"{module}.{name}"
        if wanted not in _CALLS:
            raise _Refused(f"wants to call {wanted}, which is refused; no code in it was run")
        return _Call(_CALLS[wanted])

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused("refers to external objects, which is refused; no code in it was run")


def _made(content: Any, made: dict[int, Any] | None = None) -> Any:
    """Return the loaded content with every recorded call replaced by its value.

    `made` maps objects to their results, so that shared lists (a list with ten times the same list with ten
    times the same list …) are visited once.
    """
    made = {} if made is None else made
    if content is None or isinstance(content, (bool, int, float, str, bytes, bytearray)):
        return content
    if id(content) not in made:
        if isinstance(content, _Note):
            made[id(content)] = _value(content)
        elif isinstance(content, dict):
            made[id(content)] = {_key(key): _made(value, made) for key, value in content.items()}
        elif isinstance(content, (list, tuple)):
            made[id(content)] = type(content)(_made(value, made) for value in content)
        else:
            kind = type(content).__name__
            raise _Refused(f"has a {kind}; only arrays, lists, dicts, text and numbers are read")
    return made[id(content)]


def _key(key: Any) -> Any:
    if not isinstance(key, (str, bytes, int, float, tuple)) or _made(key) != key:
        raise _Refused("has a dict whose keys are neither text nor numbers")
    return key


def _value(note: _Note) -> Any:
    makers: dict[str, Callable[[_Note], Any]] = {
        "array": _array,
        "frombuffer": _from_buffer,
        "scalar": _scalar,
        "encode": _encoded,
        "no bytes": lambda note: b"",
    }
    if note.what not in makers:
        raise _Refused(f"has a bare numpy.{note.what}; only arrays, lists, dicts, text and numbers are read")
    return makers[note.what](note)


def _array(note: _Note) -> np.ndarray[Any, Any]:
    _, shape, dtype, fortran, data = note.state
    return _shaped(_bytes(data), _dtype(dtype), shape, "F" if fortran else "C")


def _from_buffer(note: _Note) -> np.ndarray[Any, Any]:
    data, dtype, shape, order = note.arguments
    return _shaped(_bytes(data), _dtype(dtype), shape, "F" if order == "F" else "C")


def _scalar(note: _Note) -> Any:
    dtype, data = note.arguments
    return _shaped(_bytes(data), _dtype(dtype), (), "C")[()]


def _encoded(note: _Note) -> bytes:
    text, encoding = note.arguments
    if encoding not in ("latin1", "latin-1"):
        raise ValueError("bytes in an unknown encoding")
    return bytes(text, "latin1")


def _bytes(data: Any) -> bytes:
    if isinstance(data, _Note) and data.what in ("encode", "no bytes"):
        return bytes(_value(data))
    if isinstance(data, str):
        return data.encode("latin1")
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    raise _Refused("has an array of Python objects; only arrays of numbers and of text are read")


def _dtype(note: Any) -> np.dtype[Any]:
    """Build the data type from its name and byte order only."""
    if not (isinstance(note, _Note) and note.what == "dtype"):
        raise ValueError("an array without a data type")
    name = note.arguments[0]
    state: tuple[Any, ...] = note.state or (3, "|")
    order, rest = state[1], state[2:5]  # `rest`: a subarray, the names of fields, and their types
    if isinstance(name, bytes):
        name = name.decode("latin1")
    if any(part is not None for part in rest) or not (isinstance(name, str) and _TYPES.fullmatch(name)):
        raise _Refused(
            f"has an array of type {name!r}; only arrays of numbers and of text are read"
            if isinstance(name, str)
            else "has an array of an unknown type"
        )
    return np.dtype(">" + name if order == ">" else name)


def _shaped(data: bytes, dtype: np.dtype[Any], shape: Any, order: Any) -> np.ndarray[Any, Any]:
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError("an array without a shape")
    if len(data) != prod(shape) * dtype.itemsize:
        raise ValueError("an array of another size than its bytes")
    flat = np.frombuffer(data, dtype) if data else np.empty(0, dtype)
    return flat.reshape(shape, order=order).astype(dtype.newbyteorder("="), order="K", copy=False)
