"""Entries that modules add under a name, such as corpora, networks and output formats.

A registry knows the packages whose modules hold its entries and imports them on first use. So a new module in
one of these packages is all that a new entry needs.
"""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Generic, TypeVar

from serenade.errors import SerenadeError

T = TypeVar("T")


class Registry(Generic[T]):
    """Entries of one kind by name, in alphabetical order.

    Args:
        kind: what an entry is, for messages ("corpus", "network").
        packages: packages whose modules register entries when they are imported.
        error: raised for an unknown name.

    >>> colours = Registry[str]("colour", packages=(), error=SerenadeError)
    >>> colours.add("red", "#f00")
    '#f00'
    >>> list(colours), colours["red"]
    (['red'], '#f00')
    >>> colours["rde"]
    Traceback (most recent call last):
        ...
    serenade.errors.SerenadeError: there is no colour 'rde'; did you mean 'red'?
    """

    def __init__(self, kind: str, *, packages: Sequence[str], error: type[SerenadeError]) -> None:
        self.kind, self.packages, self.error = kind, tuple(packages), error
        self._entries: dict[str, T] = {}
        self._is_loaded = False

    def add(self, name: str, entry: T) -> T:
        """Add an entry and return it.

        Raises:
            ValueError: the name is taken.
        """
        if name in self._entries:
            raise ValueError(f"there are two entries for {self.kind} {name!r}")
        self._entries[name] = entry
        return entry

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that adds the decorated function or class under `name`."""
        return lambda entry: self.add(name, entry)

    def names(self, pattern: str = "*") -> list[str]:
        """Return the names that match a shell pattern."""
        return [name for name in self if fnmatchcase(name, pattern)]

    def entries(self) -> list[T]:
        """Return all entries, in the order of their names."""
        return [self[name] for name in self]

    def __getitem__(self, name: str) -> T:
        self._load()
        if name not in self._entries:
            raise self.error(f"there is no {self.kind} {name!r}; {self.suggest(name)}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def suggest(self, name: str) -> str:
        """Return a hint for an unknown name: the most similar name, or all names."""
        near = difflib.get_close_matches(name.lower(), list(self), n=1)
        return f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(self)}"

    def _load(self) -> None:
        if self._is_loaded:
            return
        # Set before the imports: a module may look something up while it is imported.
        self._is_loaded = True
        for package_name in self.packages:
            package = import_module(package_name)
            for module in pkgutil.iter_modules(package.__path__):
                import_module(f"{package_name}.{module.name}")
