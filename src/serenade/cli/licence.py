"""The licence of a bundled model, on stderr when it is first used."""

from __future__ import annotations

import sys

from serenade.inference.locate import bundled_models
from serenade.inference.model import Model
from serenade.text import printable

_printed: set[str] = set()
"""Names of the models whose licence this process has printed."""


def print_licence(model: Model) -> None:
    """Print one line with the licence of a bundled model, once in a process; nothing for other models."""
    name = model.spec.name
    if name in _printed or model.file not in bundled_models().values():
        return
    _printed.add(name)
    print(printable(f"{name}: {describe_licence(model.spec.license)}"), file=sys.stderr)


def describe_licence(license: str) -> str:
    """A licence as a sentence, with its main condition.

    >>> describe_licence("CC-BY-NC-SA-4.0")
    'licence CC-BY-NC-SA-4.0, not for commercial use'
    >>> describe_licence("")
    'no licence stated'
    """
    if not license:
        return "no licence stated"
    return f"licence {license}" + (", not for commercial use" if "-NC" in license.upper() else "")
