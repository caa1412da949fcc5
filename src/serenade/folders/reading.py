"""Readers of a run's small files. What is damaged or foreign is a `RunError` of one sentence."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import TypeVar

from serenade.errors import RunError
from serenade.folders.records import (
    RUN_FORMAT,
    SUMMARY_FORMAT,
    VERSION,
    EpochLog,
    RunRecord,
    RunSummary,
    SplitRow,
)
from serenade.schema import SchemaError, build, check, parse_json, read_json

T = TypeVar("T", RunRecord, RunSummary)

_AGAIN = "restore it from a copy, or train again into another folder"
_RESUME = "run serenade train with --resume on this run to write it again"


def read_record(file: Path) -> RunRecord:
    """A `run.json`."""
    return _read(file, RunRecord, RUN_FORMAT, remedy=_AGAIN)


def read_summary(file: Path) -> RunSummary:
    """A `summary.json`."""
    summary = _read(file, RunSummary, SUMMARY_FORMAT, remedy=_RESUME)
    if not summary.fold_runs:
        raise RunError(f"lists no fold runs; {_RESUME}", file=file)
    return summary


def read_log(file: Path) -> list[EpochLog]:
    """A `log.jsonl`: at least one line, each with the figures of an epoch."""
    lines: list[EpochLog] = []
    text = _text_of(file).rstrip("\n")
    for number, line in enumerate(text.split("\n") if text.strip() else [], start=1):
        try:
            lines.append(check(parse_json(line), dict[str, float], key=f"line {number}"))
            if missing := {"epoch", "train_loss", "dev_loss", "seconds"} - lines[-1].keys():
                raise SchemaError(f"it has no {', '.join(sorted(missing))}")
        except SchemaError as cause:
            raise RunError(f"is damaged in line {number} ({cause}); {_AGAIN}", file=file) from cause
    if not lines:
        raise RunError(f"is empty; {_AGAIN}", file=file)
    return lines


def read_split(file: Path) -> list[SplitRow]:
    """A `split.csv`; of older runs, whose rows have no `id`, the source stands for it."""
    text = _text_of(file)
    names = [entry.name for entry in fields(SplitRow)]
    try:
        reader = csv.DictReader(StringIO(text, newline=""), strict=True)
        given = [name for name in reader.fieldnames or [] if name in names]
        if missing := set(names) - {"id", "dialogue"} - set(given):
            raise SchemaError(f"it has no column {', '.join(sorted(missing))}")
        found = [
            build(SplitRow, {"id": row["source"]} | {name: row[name] for name in given}) for row in reader
        ]
    except (csv.Error, SchemaError) as cause:
        raise RunError(f"is damaged ({cause}); {_AGAIN}", file=file) from cause
    if not found:
        raise RunError(f"has no rows; {_AGAIN}", file=file)
    return found


def read_recipe_text(file: Path) -> str:
    """A `recipe.toml`, checked to be TOML."""
    text = _text_of(file)
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as cause:
        raise RunError(f"is not TOML ({cause}); {_AGAIN}", file=file) from cause
    return text


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RunError(f"is missing; {_AGAIN}", file=file) from None
    except (OSError, UnicodeDecodeError) as cause:
        raise RunError(f"cannot be read ({cause}); {_AGAIN}", file=file) from cause


def _read(file: Path, kind: type[T], name: str, *, remedy: str) -> T:
    try:
        content = read_json(file)
        if isinstance(content, dict) and content.get("format") != name:
            raise RunError(f"is not a {file.name} that this version of serenade wrote; {remedy}", file=file)
        found = build(kind, content, unknown="ignore")
    except FileNotFoundError:
        raise RunError(f"is missing; {remedy}", file=file) from None
    except (OSError, SchemaError) as cause:
        raise RunError(f"is damaged ({cause}); {remedy}", file=file) from cause
    if found.version > VERSION:
        raise RunError(
            "was written by a newer version of serenade: pip install --upgrade serenade", file=file
        )
    return found
