"""MkDocs hook: reference tables from the code, in place of markers such as `<!-- list corpora -->`."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import typer

from serenade.cli.list import TABLES
from serenade.cli.main import app

_MARKER = re.compile(rf"<!-- (command line|list (?:{'|'.join(TABLES)})) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the markers of a page; called by MkDocs for every page."""
    return _MARKER.sub(lambda match: _reference(match[1]), markdown)


def _reference(what: str) -> str:
    return _commands() if what == "command line" else _table(what.removeprefix("list "))


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


def _table(name: str) -> str:
    """Return a table of `serenade list` in Markdown."""
    head, rows = TABLES[name]()
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
