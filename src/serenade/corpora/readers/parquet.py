"""Parquet datasets of the Hugging Face hub with an audio column, such as a clone of a repository has.

A column of audio has a struct of `bytes` (a sound file) and `path`; labels can be numbers, whose names are in
the schema's metadata (`ClassLabel`). The library `datasets` is not needed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.audio.discovery import is_lfs_pointer
from serenade.corpora.corpus_table import PART_NAMES, is_missing, new_table
from serenade.corpora.dataset_sounds import EXTRACTED, listed_sound, write_sound
from serenade.corpora.datasets import corpus_columns
from serenade.corpora.manifest_columns import seconds
from serenade.corpora.registry import Corpus, register_corpus
from serenade.corpora.shared_root import corpus_root
from serenade.errors import CorpusError, MissingExtra
from serenade.labels import describe_labels, is_label
from serenade.text import counted, printable

_SUFFIX = ".parquet"
_BYTES = ("binary", "large_binary", "binary_view", "null")


def read_parquet(path: str | Path) -> pd.DataFrame:
    """Read the Parquet files of a dataset with a column of audio, or a folder of them.

    Sounds that are in the files are written once into the folder `serenade-audio` of the dataset; their times
    are kept as `source_start` and `source_end`, since each sound is a clip of its own. The part is that
    of the file's name (`train-00000-of-00001.parquet`) or its folder (`train/0000.parquet`). Columns may have
    the names of a manifest's, see `serenade.corpora.manifest_columns`; all but lists and bytes are kept.

    Raises:
        CorpusError: there is no column of audio or of labels, labels are numbers without names, no row has a
            sound, a recording is outside the folder, or a file is damaged.
        MissingExtra: pyarrow is not installed.
        OutputError: the sounds cannot be written.
    """
    path = Path(path)
    files = _parquet_files(path)
    if not files:
        raise CorpusError("contains no Parquet files; give the folder of the dataset", file=path)
    folder = path if path.is_dir() else path.parent
    root = corpus_root(folder)
    notes: list[str] = []
    rows: list[dict[str, Any]] = []
    for file in files:
        found = _rows(file, folder, notes)
        if rows and (lacking := sorted(rows[0].keys() ^ found[0].keys())):
            notes.append(
                f"warning: {file.name} and {files[0].name} have different columns; only one has "
                f"{', '.join(lacking)}"
            )
        rows += found
    notes += describe_labels(sorted({str(row["emotion"]) for row in rows} - {""}))
    table = new_table(
        ({**row, "corpus": root.name} for row in rows),
        root=root,
        own_labels=True,
        notes=list(dict.fromkeys(notes)),
    )
    table.attrs |= {"root": str(root), "folder": str(folder)}
    return table


def _rows(file: Path, folder: Path, notes: list[str]) -> list[dict[str, Any]]:
    """The rows of one Parquet file, with the names of a corpus table."""
    from pyarrow import ArrowException

    table = _opened(file)
    features = _features(table.schema)
    audio = _audio_column(table.schema, features)
    if audio is None:
        raise CorpusError(
            f"has no column of audio (its columns are {', '.join(table.column_names)}); a column of audio "
            "has the fields bytes and path, and a list of paths must be a CSV or TSV file",
            file=file,
        )
    if not table.num_rows:
        raise CorpusError("has no rows; download it again, or remove it", file=file)
    names, kept = corpus_columns([name for name in table.column_names if name != audio], file=file)
    notes += kept
    nested = [field.name for field in table.schema if _is_large(field.type)]
    nested = [column for column in nested if names.get(column, "emotion") != "emotion"]
    names = {column: name for column, name in names.items() if column not in nested}
    if nested:
        notes.append(f"not kept, since they have lists or bytes: {', '.join(nested)}")
    if "emotion" not in names.values():
        raise CorpusError(
            f"has no column of labels (its columns are {', '.join(table.column_names)}); name one `emotion`",
            file=file,
        )
    try:
        columns = {
            name: _named(table.column(column).to_pylist(), features.get(column, {}), column, file)
            for column, name in names.items()
            if name != "file"
        }
        _check_labels(columns["emotion"], next(c for c, name in names.items() if name == "emotion"), file)
        for name in {"start", "end"} & columns.keys():
            values = pd.Series([str(value) for value in columns[name]], range(1, table.num_rows + 1))
            columns[name] = seconds(values, name, file, place="row").tolist()
        sounds = (sound.as_py() for sound in table.column(audio))  # one at a time: they are large
        found = _with_sounds(sounds, columns, file, folder, notes)
    except (ArrowException, ValueError, OverflowError) as cause:
        reason = str(cause).partition("\n")[0]
        raise CorpusError(f"has a value that cannot be read ({reason})", file=file) from cause
    parts = (PART_NAMES.get(name.lower()) for name in (file.stem.split("-")[0], file.parent.name))
    part = next(filter(None, parts), "")
    return [{"split": part} | row for row in found]


def _check_labels(labels: Sequence[Any], column: str, file: Path) -> None:
    for label in labels:
        if label is not None and not is_label(str(label)):
            raise CorpusError(
                f"the column `{column}` has labels that are not names ({label}), and the metadata has no "
                "names for them; write them by name (anger, happiness, …)",
                file=file,
            )


def _with_sounds(
    sounds: Iterable[Any], columns: Mapping[str, list[Any]], file: Path, folder: Path, notes: list[str]
) -> list[dict[str, Any]]:
    """The rows with the files of their sounds, written if they are new; rows without a sound are skipped."""
    rows: list[dict[str, Any]] = []
    written, without, missing = 0, list[int](), list[str]()
    for number, sound in enumerate(sounds):
        sound = sound if isinstance(sound, Mapping) else {}
        content, name = sound.get("bytes"), str(sound.get("path") or "")
        if content:
            path, is_new = write_sound(content, name, file, folder, number)
            written += is_new
        elif name:
            path = listed_sound(name, file, folder, row=number + 1)
            missing += [] if path.is_file() else [name]
        else:
            without.append(number + 1)
            continue
        row = {key: values[number] for key, values in columns.items()}
        if content:  # a clip of its own; its times are those in another recording
            row = {f"source_{key}" if key in ("start", "end") else key: value for key, value in row.items()}
        row["emotion"] = "" if row["emotion"] is None else str(row["emotion"])
        rows.append(row | {"file": path})
    if len(missing) == len(rows):
        what = f"no file '{printable(missing[0])}' in the dataset" if missing else "no path"
        raise CorpusError(
            f"none of its rows has a sound: no bytes, and {what}; download the recordings as well", file=file
        )
    if without:
        rows_without = counted(len(without), "row")
        notes.append(f"{rows_without} of {file.name} without a sound (first: row {without[0]}): skipped")
    if written:
        notes.append(f"{counted(written, 'recording')} of {file.name} written to {folder / EXTRACTED}")
    return rows


def _named(values: list[Any], feature: Mapping[str, Any], column: str, file: Path) -> list[Any]:
    """The values of a column; the names of a `ClassLabel`, None for its -1."""
    names = feature.get("names")
    if feature.get("_type") != "ClassLabel" or not isinstance(names, list):
        return values
    found: list[Any] = []
    for row, value in enumerate(values, 1):
        if is_missing(value) or value == -1:
            found.append(None)
        elif isinstance(value, int | float) and value in range(len(names)):
            found.append(names[int(value)])
        elif value in names:
            found.append(value)
        else:
            raise CorpusError(
                f"row {row} has {printable(value):.40} in column `{column}`, and the metadata names the "
                f"labels 0 to {len(names) - 1}; download the dataset again",
                file=file,
            )
    return found


def _opened(file: Path) -> Any:
    import pyarrow
    from pyarrow import parquet

    try:
        if is_lfs_pointer(file):
            raise CorpusError(
                "is a Git LFS pointer, not the dataset; run `git lfs pull` in its repository", file=file
            )
        return parquet.read_table(file)
    except (pyarrow.ArrowException, OSError, ValueError) as cause:
        reason = str(cause).partition("\n")[0]
        raise CorpusError(f"is not a readable Parquet file ({reason})", file=file) from cause


def _features(schema: Any) -> dict[str, dict[str, Any]]:
    """The features that the library `datasets` wrote into the metadata of a schema; empty without."""
    try:
        found = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, dict)}


def _is_large(kind: Any) -> bool:
    """Whether the values of a type are lists, tables or bytes, which a corpus table does not keep."""
    from pyarrow import types

    return bool(types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))


def _audio_column(schema: Any, features: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The first column of audio: by its metadata, or a struct of bytes and path."""
    for field in schema:
        is_struct = str(field.type).startswith("struct")
        kinds = {inner.name: str(inner.type) for inner in field.type} if is_struct else {}
        declared = features.get(field.name, {}).get("_type", "Audio") == "Audio"
        if declared and "path" in kinds and kinds.get("bytes") in _BYTES:
            return str(field.name)
    return None


def _parquet_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found: dict[str, Path] = {}
    for above in ("", "*/", "*/*/"):
        for file in path.glob(f"{above}*{_SUFFIX}"):
            if not file.name.startswith("."):
                # A folder can be linked into itself; a file of the hub's cache is a link to its content.
                found.setdefault(os.path.join(os.path.realpath(file.parent), file.name), file)
    return sorted(found.values())


def _recognise(path: Path, files: Sequence[Path]) -> float:
    found = _parquet_files(path) if path.is_dir() or path.suffix.lower() == _SUFFIX else []
    if not found:
        return 0.0
    try:
        from pyarrow import ArrowException, parquet
    except ModuleNotFoundError as cause:
        if files:
            return 0.0
        raise MissingExtra(
            "a Parquet dataset needs pyarrow; install it with: pip install 'serenade[datasets]'"
        ) from cause
    try:
        schema = parquet.read_schema(found[0])
    except (ArrowException, OSError):
        return 0.0 if files else 1.0
    return 0.99 if not files or _audio_column(schema, _features(schema)) is not None else 0.0


register_corpus(
    Corpus(
        name="parquet",
        title="a Parquet dataset of the Hugging Face hub",
        read=read_parquet,
        licence="that of your recordings",
        url="",
        languages=(),
        acted=False,
        looks_like="data/train-00000-of-00001.parquet with a column of audio and a column of labels",
        recognise=_recognise,
        # The tests write the JSON rows as a Parquet file.
        example={
            "data/train-0.parquet": '[{"audio": {"bytes": null, "path": "a.wav"}, "label": "anger"}]',
            "data/a.wav": "",
        },
    )
)
