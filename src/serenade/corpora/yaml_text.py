"""YAML from anywhere: no objects, and no small file that unfolds into a large one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serenade.errors import CorpusError, MissingExtra

_MOST_VALUES = 5_000_000
"""Values of a file with its aliases unfolded; a header with 100,000 speakers has a million."""


def read_yaml(file: Path, *, what: str) -> Any:
    """Read a YAML file as plain values.

    Args:
        file: the file.
        what: what it should be, for the errors.

    Raises:
        CorpusError: it is missing or damaged, has tags of programming languages, or refers to itself.
        MissingExtra: pyyaml is not installed.
    """
    try:
        import yaml
    except ModuleNotFoundError as cause:
        raise MissingExtra(
            f"{what} needs pyyaml; install it with: pip install 'serenade[datasets]'"
        ) from cause
    try:
        loader = yaml.SafeLoader(file.read_text(encoding="utf-8-sig"))
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            if _count(node, {}) > _MOST_VALUES:
                raise CorpusError(
                    f"is not a readable header of {what}: it unfolds into millions of values", file=file
                )
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except FileNotFoundError as cause:
        raise CorpusError(f"there is no such file; give the folder of {what}", file=file) from cause
    except OSError as cause:
        raise CorpusError(f"cannot be read ({cause.strerror})", file=file) from cause
    # PyYAML raises these for values that do not fit their tag, such as a 13th month.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as cause:
        reason = str(getattr(cause, "problem", None) or cause).partition("\n")[0]
        raise CorpusError(f"is not a readable header of {what} ({reason:.200})", file=file) from cause


def _count(node: Any, known: dict[int, int]) -> int:
    """The number of values below a node, those behind aliases each time.

    Raises:
        ValueError: it contains itself.
    """
    if (count := known.get(id(node))) is not None:
        if count < 0:
            raise ValueError("it refers to itself")
        return count
    known[id(node)] = -1
    count = 1
    if not isinstance(node.value, str):
        for entry in node.value:
            for inner in entry if isinstance(entry, tuple) else (entry,):
                count += _count(inner, known)
    known[id(node)] = count
    return count
