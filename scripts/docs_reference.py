"""MkDocs hook: reference tables from the code, in place of markers such as `<!-- list corpora -->`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import partial
from typing import Any, get_type_hints

import typer

from serenade.cli.list import TABLES
from serenade.cli.main import app
from serenade.training.data.augment import AUGMENTATIONS
from serenade.training.recipe import Recipe

_MARKER = re.compile(rf"<!-- (command line|recipe keys|list (?:{'|'.join(TABLES)})) -->")
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the markers of a page; called by MkDocs for every page."""
    return _MARKER.sub(lambda match: _reference(match[1]), markdown)


def _reference(what: str) -> str:
    if what == "command line":
        return _commands()
    return _recipe_keys() if what == "recipe keys" else _table(what.removeprefix("list "))


def _commands() -> str:
    """Return the help of every command."""
    group: Any = typer.main.get_command(app)
    return "\n\n".join(_help(group, None, names=[]))


def _help(command: Any, parent: Any, *, names: list[str]) -> list[str]:
    make_context = partial(typer.Context, command, terminal_width=80, help_option_names=["-h", "--help"])
    context = make_context(info_name=names[-1] if names else "serenade", parent=parent)
    title = " ".join(["serenade", *names])
    sections = [f"## `{title}`\n\n```text\n{command.get_help(context)}\n```"] if names else []
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner.add_help_option:
                sections += _help(inner, context, names=[*names, name])
    return sections


def _recipe_keys() -> str:
    """Return a table of the keys of each section of a recipe, from the dataclasses."""
    hints = get_type_hints(Recipe)
    sections = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    sections |= {f"augment.{name}": AUGMENTATIONS[name] for name in AUGMENTATIONS}
    parts = []
    for name, kind in sections.items():
        summary = (inspect.getdoc(kind) or "").partition("\n")[0]
        meanings = {
            key: " ".join(text.split()) for key, text in _ATTRIBUTE.findall(inspect.getdoc(kind) or "")
        }
        rows = [(f"`{entry.name}`", f"`{_default(entry)}`", meanings[entry.name]) for entry in fields(kind)]
        parts.append(f"## `[{name}]`\n\n{summary}\n\n{_markdown(('key', 'default', 'meaning'), rows)}")
    return "\n\n".join(parts)


def _default(entry: Any) -> str:
    value = entry.default if entry.default_factory is MISSING else entry.default_factory()
    return "required" if value is MISSING else json.dumps(value, default=str)


def _table(name: str) -> str:
    """Return a table of `serenade list` in Markdown."""
    head, rows = TABLES[name]()
    return _markdown(head, rows)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
