"""Parquet datasets of the Hugging Face hub with an audio column, such as a clone of a repository has.

A column of audio has a struct of `bytes` (a sound file) and `path`; labels can be numbers, whose names are in
the schema's metadata (`ClassLabel`). The library `datasets` is not needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import PART_NAMES, new_table
from serenade.corpora.manifest_columns import column_name
from serenade.corpora.registry import Corpus, register_corpus
from serenade.corpora.shared_root import corpus_root
from serenade.errors import CorpusError, MissingExtra
from serenade.files import make_folder, write_whole
from serenade.labels import describe_labels, is_label
from serenade.text import counted

EXTRACTED = "serenade-audio"
"""Folder in the dataset that the sounds in the Parquet files are written to, once."""

_SUFFIX = ".parquet"


def read_parquet(path: str | Path) -> pd.DataFrame:
    """Read the Parquet files of a dataset with a column of audio, or a folder of them.

    Sounds that are in the files are written once into the folder `serenade-audio` of the dataset. The part is
    that of the file's name (`train-00000-of-00001.parquet`). Columns may have the names of a manifest's, see
    `serenade.corpora.manifest_columns`; all are kept.

    Raises:
        CorpusError: there is no column of audio or of labels, labels are numbers without names, a row has no
            sound, or a file is damaged.
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
    rows = [row | {"corpus": root.name} for file in files for row in _rows(file, folder, notes)]
    notes += describe_labels(sorted({str(row["emotion"]) for row in rows} - {""}))
    table = new_table(rows, root=root, own_labels=True, notes=notes)
    table.attrs |= {"root": str(root), "folder": str(folder)}
    return table


def _rows(file: Path, folder: Path, notes: list[str]) -> Iterator[dict[str, Any]]:
    """The rows of one Parquet file, with the names of a corpus table."""
    table = _opened(file)
    features = _features(table.schema)
    audio = _audio_column(table.schema, features)
    if audio is None:
        raise CorpusError(
            f"has no column of audio (its columns are {', '.join(table.column_names)}); a column of audio "
            "has the fields bytes and path",
            file=file,
        )
    names = {column: column_name(column) for column in table.column_names if column != audio}
    labels = [column for column, name in names.items() if name == "emotion"]
    if len(labels) != 1:
        found = "several columns" if labels else "no column"
        raise CorpusError(
            f"has {found} of labels (its columns are {', '.join(table.column_names)}); name one `emotion`",
            file=file,
        )
    part = next((part for name, part in PART_NAMES.items() if file.stem.lower().split("-")[0] == name), "")
    columns = {
        name: _named(table.column(column).to_pylist(), features.get(column, {}))
        for column, name in names.items()
        if name != "file"
    }
    for label in columns["emotion"]:
        if label is not None and not is_label(str(label)):
            raise CorpusError(
                f"the column `{labels[0]}` has labels that are not names ({label}), and the metadata has no "
                "names for them; write them by name (anger, happiness, …)",
                file=file,
            )
    written = 0
    for number, sound in enumerate(table.column(audio)):  # one at a time: they are large
        sound_file, is_new = _sound_file(sound.as_py(), file, folder, number)
        written += is_new
        row = {name: values[number] for name, values in columns.items()}
        row["emotion"] = "" if row["emotion"] is None else str(row["emotion"])
        yield {"split": part} | row | {"file": sound_file}
    if written:
        notes.append(f"{counted(written, 'recording')} of {file.name} written to {folder / EXTRACTED}")


def _sound_file(sound: Any, file: Path, folder: Path, number: int) -> tuple[Path, bool]:
    """The file of a row's sound, and whether it was written now."""
    sound = sound if isinstance(sound, Mapping) else {}
    content, name = sound.get("bytes"), str(sound.get("path") or "")
    if content:
        target = folder / EXTRACTED / file.stem / f"{number:06}{Path(name).suffix or '.wav'}"
        if target.is_file() and target.stat().st_size == len(content):
            return target, False
        make_folder(target.parent)
        with write_whole(target, "wb", durable=False) as out:
            out.write(content)
        return target, True
    for place in (file.parent, folder):
        if name and (place / name).is_file():
            return place / name, False
    raise CorpusError(
        f"row {number + 1} has no sound: no bytes, and no file '{name}' in the dataset; remove the row, or "
        "download the recordings as well",
        file=file,
    )


def _named(values: list[Any], feature: Mapping[str, Any]) -> list[Any]:
    """The values of a column; the names of a `ClassLabel`, None for its -1."""
    names = feature.get("names")
    if feature.get("_type") != "ClassLabel" or not isinstance(names, list):
        return values
    return [names[value] if isinstance(value, int) and 0 <= value < len(names) else None for value in values]


def _opened(file: Path) -> Any:
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.read_table(file)
    except (pyarrow.ArrowException, OSError) as cause:
        reason = str(cause).partition("\n")[0]
        raise CorpusError(f"is not a readable Parquet file ({reason})", file=file) from cause


def _features(schema: Any) -> dict[str, dict[str, Any]]:
    """The features that the library `datasets` wrote into the metadata of a schema; empty without."""
    try:
        found = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, dict)} if found else {}


def _audio_column(schema: Any, features: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The first column of audio: by its metadata, or a struct of bytes and path."""
    for field in schema:
        fields = {inner.name for inner in field.type} if str(field.type).startswith("struct") else set()
        declared = features.get(field.name, {}).get("_type", "Audio") == "Audio"
        if declared and {"bytes", "path"} <= fields:
            return str(field.name)
    return None


def _parquet_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = (*path.glob(f"*{_SUFFIX}"), *path.glob(f"*/*{_SUFFIX}"))
    return sorted(file for file in found if not file.name.startswith("."))


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
