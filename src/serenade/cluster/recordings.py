"""The recordings that a command on a cluster names: manifests, files, folders, patterns, URLs."""

from __future__ import annotations

import io
import os
import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence

from serenade.audio.discovery import SUFFIXES, Discovery
from serenade.cluster.files import files_under, folder_of, is_remote, join, read_bytes
from serenade.errors import ClusterError
from serenade.inference.recordings import find_recordings
from serenade.text import decode_path, printable

MANIFESTS = (".csv", ".tsv", ".parquet", ".txt")
"""Suffixes of manifests: tables with a column `file`, or (`.txt`) a path per line."""


def recordings_of(arguments: Iterable[str]) -> tuple[list[str], str]:
    """Find every recording, each once.

    Args:
        arguments: manifests, and what `serenade.inference.recordings.find_recordings` takes; also as URLs.
            Relative paths of a manifest start at its folder.

    Returns:
        The recordings, and a sentence about other files in the folders, or "".

    Raises:
        ClusterError: a manifest or a remote folder cannot be read.
    """
    found: dict[str, None] = {}
    skipped: Counter[str] = Counter()
    for argument in arguments:
        if argument.lower().endswith(MANIFESTS) and not os.path.isdir(argument):
            files: Sequence[str] = read_manifest(argument)
        elif is_remote(argument):
            every = files_under(argument)
            files = every if every == [argument] else [file for file in every if _suffix(file) in SUFFIXES]
            skipped.update(_suffix(file) for file in set(every) - set(files))
            files = files or [argument]
        else:
            discovery = find_recordings([argument])
            files = [str(file) for file in discovery.files]
            skipped.update(discovery.skipped)
        found.update(dict.fromkeys(files))
    return list(found), Discovery((), skipped).describe_skipped() if skipped else ""


def read_manifest(file: str) -> list[str]:
    r"""The recordings of a manifest.

    Raises:
        ClusterError: it cannot be read, or has no column `file`.

    >>> from pathlib import Path
    >>> _ = Path("list.csv").write_text("file,emotion\na.wav,anger\ns3://bucket/b.wav,neutral\n")
    >>> read_manifest("list.csv")
    ['a.wav', 's3://bucket/b.wav']
    """
    content = read_bytes(file)
    suffix = _suffix(file)
    names = _lines(content, file) if suffix == ".txt" else _column(content, file, suffix)
    names = [decode_path(name) for name in names if name]
    if not names:
        raise ClusterError("has no recordings; write a path per row", file=file)
    return [join(folder_of(file), name) for name in names]


def _lines(content: bytes, file: str) -> list[str]:
    try:
        return [line.strip() for line in content.decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError as cause:
        raise ClusterError("is not UTF-8 text; save it as UTF-8", file=file) from cause


def _column(content: bytes, file: str, suffix: str) -> list[str]:
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        if suffix == ".parquet":
            schema = parquet.read_schema(io.BytesIO(content))
            _require_columns(schema.names, file)
            kind = schema.field("file").type
            if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                raise ClusterError(f"has a column file of {kind}; write paths as text", file=file)
            table = parquet.read_table(io.BytesIO(content), columns=["file"])
        else:
            head = content.partition(b"\n")[0]
            separator = max(",;\t", key=lambda one: head.count(one.encode()))
            parse = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
            _require_columns(csv.open_csv(io.BytesIO(content), parse_options=parse).schema.names, file)
            convert = csv.ConvertOptions(include_columns=["file"], column_types={"file": pa.string()})
            table = csv.read_csv(io.BytesIO(content), parse_options=parse, convert_options=convert)
        column: list[str | None] = table.column("file").to_pylist()
    except (pa.ArrowException, OSError, ValueError) as cause:
        reason = next(iter(str(cause).splitlines()), "")
        raise ClusterError(f"is not a table with a column file ({reason})", file=file) from cause
    names = [(name or "").strip() for name in column]
    if "" in names:
        row = names.index("") + 1
        raise ClusterError(f"has no path in row {row} below the head; add it or remove the row", file=file)
    return names


def _require_columns(names: Sequence[str], file: str) -> None:
    """Refuse a table without a column of recordings, and columns that would be ignored without a word."""
    if "file" not in names:
        raise ClusterError(
            f"has no column file (its columns are {', '.join(map(printable, names))}); rename the column of "
            "the recordings to file",
            file=file,
        )
    if names.count("file") > 1:
        raise ClusterError(f"has {names.count('file')} columns file; keep one", file=file)
    if times := [name for name in ("start", "end") if name in names]:
        raise ClusterError(
            f"has times ({', '.join(times)}), and whole recordings are predicted; remove these columns, or "
            "cut the recordings first",
            file=file,
        )


def _suffix(file: str) -> str:
    return posixpath.splitext(file)[1].lower()
