"""Manifests: a CSV or TSV file, or an audformat table, that lists recordings and labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from serenade.audio.variants import VARIANTS
from serenade.corpora.corpus_table import is_missing, new_table, source_of
from serenade.corpora.manifest_columns import (
    column_name,
    missing_values,
    normalise_cells,
    read_columns,
    seconds,
)
from serenade.corpora.manifest_paths import resolve_paths
from serenade.corpora.manifest_rows import MANIFEST_SUFFIXES, header_of, tables_in
from serenade.corpora.recordings import some
from serenade.corpora.registry import Corpus, register_corpus
from serenade.corpora.shared_root import manifest_root
from serenade.corpora.speaker_names import merge_speakers
from serenade.errors import CorpusError
from serenade.labels import describe_labels, is_label
from serenade.text import counted, printable


def read_manifest(path: str | Path) -> pd.DataFrame:
    """Read a manifest, or a folder that contains one.

    A column `file` is required; `emotion`, `speaker`, `sex`, `start` and `end` (in seconds, or audformat's "0
    days 00:00:01.5"), `language`, `split`, `source` and `corpus` are optional. They may have other usual
    names (`serenade.corpora.manifest_columns.ALIASES`). All other columns are kept. Relative paths are
    relative to the folder of the manifest. The corpus is
    named after the folder that contains manifest and recordings.

    Raises:
        CorpusError: there is no manifest, it is not a CSV or TSV table in UTF-8, a column is missing or
            occurs twice, labels are numbers, or a cell cannot be right (the message names the line).
    """
    path = Path(path)
    file = path if path.is_file() else _manifest_in(path)
    if file is None:
        raise CorpusError(
            "contains no manifest: a CSV or TSV file with a column `file` and a column `emotion`", file=path
        )
    raw, given, notes = read_columns(file)
    listed = [not is_missing(name) for name in raw["file"]]
    if not all(listed):
        notes.append(f"{counted(listed.count(False), 'row')} without a recording: skipped")
    raw = raw[listed]
    if raw.empty:
        raise CorpusError("lists no recordings; write one row per clip below the header", file=file)
    notes += missing_values(raw, given)
    normalise_cells(raw)
    notes += _resolve_names(raw)
    for column in ("start", "end"):
        if column in raw:
            raw[column] = seconds(raw[column], given[column], file)
    raw = raw.reset_index(drop=True)
    notes += _check_labels(raw, given, file)
    folder = file.parent
    raw["file"], windows = resolve_paths(raw["file"], folder)
    root = manifest_root(folder, raw["file"].tolist())
    if windows:
        count = counted(windows, "Windows path")
        notes.append(f"{count} resolved by the last folders and the name, near {printable(folder)}")
    # Relative to the root, so that a split's hash does not depend on where the corpus is.
    sources = raw["source"] if "source" in raw else [""] * len(raw)
    raw["source"] = [
        source_of(name, root) if is_missing(source) else source
        for source, name in zip(sources, raw["file"], strict=True)
    ]
    named_after_root = "corpus" not in raw
    if named_after_root:
        raw["corpus"] = root.name
    rows = ({str(key): value for key, value in row.items()} for row in raw.to_dict("records"))
    table = new_table(rows, own_labels=True, notes=notes)
    if named_after_root:
        table.attrs |= {"root": str(root), "folder": str(folder)}
    return table


def _resolve_names(raw: pd.DataFrame) -> list[str]:
    """Give a corpus one spelling, and rename a column that only looks like variants of clips, in place."""
    notes = []
    if "corpus" in raw:
        raw["corpus"], merged = merge_speakers(raw["corpus"], [""] * len(raw))
        notes += [f"warning: spellings of one corpus: {spellings}" for spellings in merged]
    if "variant" in raw and (others := set(raw["variant"]) - {"", "original", *VARIANTS}):
        raw.rename(columns={"variant": "manifest_variant"}, inplace=True)
        notes.append(
            f"column `variant` is kept as `manifest_variant`, since {min(others)!r} is no variant of serenade"
        )
    return notes


def _check_labels(raw: pd.DataFrame, given: dict[str, str], file: Path) -> list[str]:
    """Refuse labels that are numbers; describe how the others are read."""
    if "emotion" not in raw:
        columns = ", ".join(given.values())
        return [
            "no column has labels, and all clips are unlabelled: rename the column of labels to `emotion` "
            f"(the columns are {columns})"
        ]
    labels = sorted({name for name in raw["emotion"] if not is_missing(name)})
    if numbers := [name for name in labels if not is_label(name)]:
        raise CorpusError(
            f"the column `{given['emotion']}` has labels that are not names ({', '.join(numbers[:5])}); "
            "write them by name (anger, happiness, …), never as numbers",
            file=file,
        )
    return describe_labels(labels)


def _manifest_in(folder: Path) -> Path | None:
    """The only file of a folder whose columns are those of a manifest."""
    manifests = _manifests_in(folder)
    if len(manifests) > 1:
        raise CorpusError(
            f"contains {len(manifests)} manifests ({some(manifests)}); "
            "give one of them, or several to serenade inspect and prepare",
            file=folder,
        )
    return manifests[0] if manifests else None


def _manifests_in(folder: Path) -> list[Path]:
    return [
        file
        for file in tables_in(folder)
        if {"file", "emotion"} <= {column_name(column) for column in header_of(file)}
    ]


def _recognise(path: Path, files: Sequence[Path]) -> float:
    if path.is_file():
        return float(path.suffix.lower() in MANIFEST_SUFFIXES)
    # Less than 1: a known corpus beside a table of labels is read as that corpus.
    return 0.98 if _manifests_in(path) else 0.0


register_corpus(
    Corpus(
        name="manifest",
        title="a manifest",
        read=read_manifest,
        licence="that of your recordings",
        url="",
        languages=(),
        acted=False,
        looks_like="a CSV or TSV file with a column of recordings and a column of emotions",
        recognise=_recognise,
        example={
            "labels.csv": "file,emotion,speaker\nanna_1.wav,anger,anna\nben_1.wav,joy,ben\n",
            "anna_1.wav": "",
            "ben_1.wav": "",
        },
    )
)
