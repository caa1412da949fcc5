"""Lists of clips: folders, tables, and the list files of other toolkits."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from serenade.audio.discovery import SUFFIXES
from serenade.corpora.corpus_table import PART_NAMES, is_missing, strip_blanks
from serenade.corpora.manifest_columns import column_name, seconds
from serenade.corpora.manifest_rows import MANIFEST_SUFFIXES, read_rows
from serenade.corpora.recordings import find_recordings
from serenade.corpora.registry import CORPORA, Corpus
from serenade.corpora.row_checks import unusable_times
from serenade.corpora.speaker_names import merge_speakers
from serenade.corpora.speakers import assign_speakers
from serenade.errors import CorpusError
from serenade.files import sha256_of
from serenade.text import counted, printable, valid_unicode

COLUMNS = ("name", "file", "start", "end", "part", "speaker", "source", "text", "corpus")
"""Columns of a table of listed clips.

- name: the recording as the list names it; file: its path on this machine, "" if it was not found.
- start, end: in seconds; NaN for the whole file.
- part: the part of the split.
- speaker, source (original clip), text, corpus: "" if unknown.
"""

_FILE_KEYS = ("file", "wav", "audio", "path", "audio_filepath", "wav_path", "sig")
_TEXT_NAMES = ("text", "transcript", "transcription", "utterance", "raw_text", "wrd")
_MIN_SHARE = 0.5
_MAX_PARTS = 50
_LISTS = ("CSV or TSV", "JSON", "JSON lines", "or text file with a path per line")


def read_parts(
    parts: Mapping[str, Path], *, data: Path | None = None, speakers_from: str | None = None
) -> pd.DataFrame:
    """Read the parts of a split as one table of listed clips.

    Args:
        parts: the list or folder of each part by its name. A single list may have a column `split` instead.
        data: folder of the recordings; searched for the listed names.
        speakers_from: as in `serenade.read_corpus`; by column or known file names if None.

    Raises:
        CorpusError: a list cannot be read, is empty, or there is only one part.
    """
    _require_different(parts)
    tables, notes = [], list[str]()
    for part, path in parts.items():
        table = _read(path, notes)
        if len(parts) == 1 and not table["part"].str.strip().astype(bool).any():
            raise CorpusError(
                "has no column `split` with the parts; name the lists of train and test", file=path
            )
        table["part"] = [PART_NAMES.get(name.lower(), printable(name)) for name in table["part"]]
        tables.append(table if len(parts) == 1 else table.assign(part=part))
    table = pd.concat(tables, ignore_index=True)
    if without := int((table["part"] == "").sum()):
        notes.append(f"{counted(without, 'row')} without a part in the column `split`: skipped")
    table = table[table["part"] != ""].reset_index(drop=True)
    if not 2 <= (count := table["part"].nunique()) <= _MAX_PARTS:
        raise CorpusError(
            "has clips of one part only"
            if count < 2
            else f"has {count:,} parts in the column `split`; it must name train, dev and test, or folds",
            file=next(iter(parts.values())),
        )
    table["file"] = _found(table, data)
    _describe(table)
    if speakers_from is not None:
        named = table.assign(file=table["name"])
        table["speaker"] = assign_speakers(named, speakers_from)["speaker"]
    table["speaker"] = merge_speakers(table["speaker"], table["corpus"])[0]
    table.attrs["notes"] = notes
    return table


def _require_different(parts: Mapping[str, Path]) -> None:
    """Refuse one list for two parts, under this name or another one."""
    for (part, path), (other, same) in combinations(parts.items(), 2):
        if path.exists() and same.exists() and path.samefile(same):
            raise CorpusError(
                f"is given as {part} and as {other}; name a list or a folder for each part", file=same
            )


def _read(path: Path, notes: list[str]) -> pd.DataFrame:
    """Read one list; names are as listed, and relative ones are relative to `folder`."""
    if not path.exists():
        raise CorpusError("there is no such file or folder; check the path", file=path)
    records = _records(path)
    rows: dict[int, dict[str, str]] = {}
    for number, record in records.entries:
        named = {column_name(str(key)): value for key, value in record.items()}
        name = next((str(named[key]) for key in _FILE_KEYS if isinstance(named.get(key), str)), "")
        if is_missing(name):
            continue
        text = next((str(record[key]) for key in record if str(key).lower() in _TEXT_NAMES), "")
        rows[number] = {
            "name": valid_unicode(name.replace("{data_root}/", "").strip()),
            "folder": "" if path.is_dir() else str(path.parent),  # files of a folder have its path
            "start": _text(named.get("start")),
            "end": _text(named.get("end")),
            "part": _text(named.get("split") or record.get("part")),
            "speaker": _text(named.get("speaker")),
            "source": _text(named.get("source")),
            "text": _text(text),
            "corpus": _text(named.get("corpus") or record.get("dataset")),
        }
    if not rows:
        raise CorpusError(f"lists no recordings; give a folder, or a {', '.join(_LISTS)}", file=path)
    notes += records.notes
    if without := len(records.entries) - len(rows):
        notes.append(f"{counted(without, 'row')} of {path.name} without a recording: skipped")
    return _with_times(pd.DataFrame(list(rows.values()), index=list(rows)), path, place=records.place)


def _with_times(table: pd.DataFrame, path: Path, *, place: str) -> pd.DataFrame:
    """The table with its times in seconds, all of which a recording can have."""
    for column in ("start", "end"):
        table[column] = seconds(table[column], column, path, place=place)
    for number, name, start_s, end_s in zip(
        table.index, table["name"], table["start"], table["end"], strict=True
    ):
        if reason := unusable_times(start_s, end_s):
            raise CorpusError(f"{place} {number}: {printable(name)}: {reason}; correct it", file=path)
    return table


@dataclass(frozen=True)
class _Records:
    """The entries of a list with their numbers, what the numbers count, and what was skipped."""

    entries: list[tuple[int, dict[str, Any]]]
    place: str = "line"
    notes: Sequence[str] = ()


def _records(path: Path) -> _Records:
    if path.is_dir():
        files = find_recordings(path).files
        return _Records([(number, {"file": str(file)}) for number, file in enumerate(files, 1)])
    return _tabular(path) if path.suffix.lower() in MANIFEST_SUFFIXES else _parsed(path)


def _tabular(path: Path) -> _Records:
    rows = read_rows(path)
    lower = {name.lower(): name for name in rows.columns}
    records = [dict(zip(rows.columns, cells, strict=True)) for cells in rows.cells]
    if {"dialogue_id", "utterance_id"} <= set(lower):  # MELD names its clips by number
        for record in records:
            dialogue, utterance = record[lower["dialogue_id"]], record[lower["utterance_id"]]
            record["file"] = f"{path.stem}/dia{dialogue}_utt{utterance}.mp4"
    elif not {column_name(name) for name in rows.columns} & set(_FILE_KEYS):
        raise CorpusError(
            f"has no column that names the recordings (its columns are {', '.join(rows.columns)}); rename "
            "that column to `file`, and separate columns by commas, semicolons or tabs",
            file=path,
        )
    return _Records(list(zip(rows.lines, records, strict=True)), notes=rows.notes)


def _parsed(path: Path) -> _Records:
    """Read JSON, JSON lines, or lines with a path each."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as cause:
        raise CorpusError(
            f"is not a list of recordings in UTF-8; give a folder, or a {', '.join(_LISTS)}", file=path
        ) from cause
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    try:
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            return _Records([(number, _record(json.loads(line))) for number, line in lines])
        if path.suffix.lower() != ".json":
            return _Records([(number, {"file": _path_in(line)}) for number, line in lines])
        content = json.loads(text)
    except ValueError as cause:
        raise CorpusError(f"is not valid JSON ({cause})", file=path) from cause
    except RecursionError as cause:
        raise CorpusError("is not a list of recordings: it is nested too deeply", file=path) from cause
    if isinstance(content, dict):
        content = list(content.values())
    if not isinstance(content, list):
        raise CorpusError("is not a list of recordings: give a JSON list of objects", file=path)
    return _Records([(number, _record(entry)) for number, entry in enumerate(content, 1)], place="entry")


def _record(entry: Any) -> dict[str, Any]:
    """An entry of a JSON list: an object, or a path."""
    if isinstance(entry, str):
        return {"file": entry}
    return entry if isinstance(entry, dict) else {}


def _path_in(line: str) -> str:
    """The path in a line: the first field that ends like a recording, else the whole line."""
    fields = line.replace("|", "\t").replace(",", "\t").split("\t")
    fields = fields if len(fields) > 1 else [line, *line.split()]
    endings = (*SUFFIXES, ".npy")
    return next((field.strip() for field in fields if field.strip().lower().endswith(endings)), line.strip())


def _text(value: object) -> str:
    return "" if value is None or is_missing(value) else valid_unicode(strip_blanks(str(value)))


def _found(table: pd.DataFrame, data: Path | None) -> list[str]:
    """The path of each recording on this machine, "" where it is not found."""
    by_stem: dict[str, list[Path]] = {}
    if data is not None:
        for file in find_recordings(data).files:
            by_stem.setdefault(file.stem.lower(), []).append(file)
    places = [data] if data is not None else []
    found = []
    for name, folder in zip(table["name"], table["folder"], strict=True):
        options = [Path(folder) / name, *(place / name for place in places)]
        path = next((option for option in options if _is_file(option)), None)
        if path is None:
            path = _most_alike(name, by_stem.get(PurePosixPath(name).stem.lower(), []))
        found.append("" if path is None else os.path.abspath(path))
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long for the file system
        return False


def _most_alike(name: str, files: Sequence[Path]) -> Path | None:
    """The file whose folders are those of the name, counted from the end; None if two are equally alike."""

    def alike(file: Path) -> int:
        pairs = zip(reversed(file.parts[:-1]), reversed(PurePosixPath(name).parts[:-1]), strict=False)
        return next((number for number, (a, b) in enumerate(pairs) if a != b), len(file.parts))

    ranked = sorted(files, key=alike, reverse=True)
    if len(ranked) > 1 and alike(ranked[0]) == alike(ranked[1]):
        same = sha256_of(ranked[0]) == sha256_of(ranked[1])
        return ranked[0] if same else None
    return ranked[0] if ranked else None


def _describe(table: pd.DataFrame) -> None:
    """Fill in what file names of a known corpus state, in place."""
    corpus = _corpus_of(table["name"])
    if corpus is None:
        return
    described = [corpus.describe_file(Path(name)) or {} for name in table["name"]]
    for column in ("speaker", "source", "text", "corpus"):
        stated = pd.Series([str(row.get(column, "")) for row in described], index=table.index, dtype=object)
        # The names of a corpus are the same in every list; what a list calls the corpus may differ.
        keep = stated != "" if column in ("corpus", "source") else table[column] == ""
        table[column] = table[column].where(~keep, stated)


def _corpus_of(names: Sequence[str] | pd.Series[str]) -> Corpus | None:
    """The corpus whose file names most recordings have."""
    counts: Counter[str] = Counter()
    for name in names:
        counts.update(corpus.name for corpus in CORPORA.entries() if corpus.describe_file(Path(name)))
    if not counts:
        return None
    name, count = counts.most_common(1)[0]
    return CORPORA[name] if count >= _MIN_SHARE * len(names) else None
