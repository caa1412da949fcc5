"""audformat databases, such as audb publishes them: `db.yaml`, and a CSV or Parquet file for each table.

The header names the tables, the splits, and attributes of the speakers. Pickled tables (`.pkl`) are not read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import PART_NAMES, is_missing, new_table
from serenade.corpora.datasets import corpus_columns, outside_dataset, path_in_dataset
from serenade.corpora.manifest_columns import column_name, seconds
from serenade.corpora.manifest_rows import read_rows
from serenade.corpora.registry import Corpus, register_corpus
from serenade.corpora.shared_root import corpus_root
from serenade.corpora.yaml_text import read_yaml
from serenade.errors import CorpusError
from serenade.labels import describe_labels
from serenade.text import counted, printable

_HEADER = "db.yaml"
_CLIP = ["file", "start", "end"]
_CODES = """
    deu:de eng:en fra:fr ita:it nld:nl pol:pl por:pt rus:ru spa:es tur:tr zho:zh cmn:zh jpn:ja kor:ko ara:ar
    fas:fa hin:hi dan:da swe:sv ell:el ces:cs
"""
_LANGUAGES = dict(pair.split(":") for pair in _CODES.split())
"""ISO 639-1 codes by ISO 639-3 codes, which audformat has."""


def read_audformat(path: str | Path, *, table: str | None = None) -> pd.DataFrame:
    """Read an audformat database: labels of emotions, and speakers and other columns of its other tables.

    The part is that of the table's split. Attributes of the speakers come from the labels of their scheme.

    Args:
        path: the folder of `db.yaml`.
        table: the table of the labels; if None, all tables with a column of emotions, which must agree.

    Raises:
        CorpusError: it is no such database, has no table of emotions, tables disagree, or a file is damaged.
        MissingExtra: pyyaml is not installed.
    """
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    header = _header(folder / _HEADER)
    notes: list[str] = []
    tables = {name: _table(folder, name, about, notes) for name, about in header.tables.items()}
    labelled = {name: content for name, content in tables.items() if "emotion" in content}
    if table is not None:
        labelled = {name: content for name, content in labelled.items() if name == table}
    if not labelled:
        what = "no table with a column of emotions" if table is None else f"no table {table!r} of emotions"
        raise CorpusError(f"has {what} (its tables are {', '.join(tables) or 'none'})", file=folder / _HEADER)
    clips = _joined(labelled, header, folder)
    for content in tables.values():
        if "emotion" not in content:
            keys = _CLIP if content["end"].notna().any() else ["file"]
            new = [column for column in content if column not in {*clips, *_CLIP}]
            clips = clips.merge(content[[*keys, *new]].drop_duplicates(keys), on=keys, how="left")
    clips = _with_speakers(clips, header, folder, notes)
    if len(header.languages) == 1 and "language" not in clips:
        clips["language"] = _LANGUAGES.get(header.languages[0], header.languages[0])
    root = corpus_root(folder)
    clips["corpus"] = header.name or root.name
    clips["file"] = [folder / name for name in clips["file"]]
    notes += describe_labels(sorted({label for label in clips["emotion"] if not is_missing(label)}))
    if header.licence:
        notes.append(f"licence of the database: {header.licence}")
    rows = [{str(name): value for name, value in row.items()} for row in clips.to_dict("records")]
    return new_table(rows, root=root, own_labels=True, notes=notes)


@dataclass(frozen=True)
class _Table:
    """A table of a header: the scheme of each column ("" for none), and the type of its split."""

    schemes: dict[str, str]
    split: str


@dataclass(frozen=True)
class _Header:
    name: str
    licence: str
    languages: list[str]
    tables: dict[str, _Table]
    labels: dict[str, Any]
    """The labels of each scheme: a list, a mapping with attributes, or the name of a table."""


def _header(file: Path) -> _Header:
    content = read_yaml(file, what="an audformat database")

    def mapping(value: Any, what: str) -> dict[str, Any]:
        if not isinstance(value, dict | None):
            raise CorpusError(
                f"is not the header of an audformat database: {what} must be a mapping", file=file
            )
        return {str(name): about for name, about in (value or {}).items()}

    header = mapping(content, "it")
    if not header.get("tables"):
        raise CorpusError("is not the header of an audformat database: it has no tables", file=file)
    splits = mapping(header.get("splits"), "`splits`")
    types = {name: str(mapping(about, f"split {name}").get("type") or name) for name, about in splits.items()}
    tables = {}
    for name, value in mapping(header["tables"], "`tables`").items():
        about = mapping(value, f"table {name}")
        columns = mapping(about.get("columns"), f"`columns` of table {name}")
        schemes = {
            column: str(mapping(settings, f"column {column} of table {name}").get("scheme_id") or "")
            for column, settings in columns.items()
        }
        split = str(about.get("split_id") or "")
        tables[name] = _Table(schemes=schemes, split=types.get(split, split))
    schemes = mapping(header.get("schemes"), "`schemes`")
    languages = header.get("languages") or []
    return _Header(
        name=str(header.get("name") or ""),
        licence=str(header.get("license") or ""),
        languages=[str(one) for one in (languages if isinstance(languages, list) else [languages])],
        tables=tables,
        labels={name: mapping(about, f"scheme {name}").get("labels") for name, about in schemes.items()},
    )


def _table(folder: Path, name: str, about: _Table, notes: list[str]) -> pd.DataFrame:
    """A table with the column names of a corpus table, as text; start and end in seconds."""
    file = _content(folder, name)
    table = _read(file)
    if "file" not in table:
        raise CorpusError("has no column `file`", file=file)
    for row, path in enumerate(table["file"], 1):
        if path_in_dataset(path, folder, within=folder) is None:
            raise outside_dataset(path, row=row, file=file)
    renamed, kept = corpus_columns(table.columns, file=file, means=_meanings(about))
    notes += [f"{file.name}: {note}" for note in kept]
    table = table.rename(columns=renamed)
    for column in ("start", "end"):
        table[column] = seconds(table[column], column, file) if column in table else float("nan")
    # A filewise clip, and one from the start to no end, are the whole file.
    table.loc[table["end"].isna() & (table["start"] == 0), "start"] = float("nan")
    return table


def _meanings(about: _Table) -> dict[str, str]:
    """What columns mean by the name of their scheme: emotion or speaker."""
    names = {column: column_name(scheme) for column, scheme in about.schemes.items()}
    return {column: name for column, name in names.items() if name in ("emotion", "speaker")}


def _content(folder: Path, name: str) -> Path:
    for suffix in (".csv", ".parquet"):
        file = path_in_dataset(f"db.{name}{suffix}", folder, within=folder)
        # Unlike Path.is_file, os.path.isfile has no error for a name that is too long.
        if file is not None and os.path.isfile(file):
            return file
    raise CorpusError(
        f"has neither db.{name}.csv nor db.{name}.parquet; download the database again", file=folder
    )


def _read(file: Path) -> pd.DataFrame:
    """A table as text, with the line of each row as its index."""
    if file.suffix == ".csv":
        rows = read_rows(file)
        return pd.DataFrame(rows.cells, columns=rows.columns, index=rows.lines, dtype=str)
    try:
        # Numbers with missing values stay whole numbers: speaker 3, not 3.0.
        table = pd.read_parquet(file, dtype_backend="numpy_nullable")
    except (ImportError, ValueError, OSError) as cause:
        reason = str(cause).partition("\n")[0]
        raise CorpusError(f"is not a readable table ({reason})", file=file) from cause
    return table.astype(object).where(table.notna(), "").astype(str).set_axis(range(1, len(table) + 1))


def _joined(labelled: Mapping[str, pd.DataFrame], header: _Header, folder: Path) -> pd.DataFrame:
    """The labelled clips of all tables, each once, with the part of their split."""
    parts = [
        content.assign(split=PART_NAMES.get(header.tables[name].split, ""))
        for name, content in labelled.items()
    ]
    together = pd.concat(parts, ignore_index=True)
    together["emotion"] = ["" if is_missing(label) else label for label in together["emotion"]]
    for column, what in (("emotion", "labels"), ("split", "parts")):
        known = together[together[column] != ""]
        several = known.groupby(_CLIP, dropna=False)[column].nunique() > 1
        if several.any():
            clip = several[several].index[0][0]
            raise CorpusError(
                f"its tables {', '.join(labelled)} have several {what} for {clip}; name one table: "
                'read_corpus(…, table="NAME")',
                file=folder / _HEADER,
            )
    # "" sorts first: the last row of a clip has what is known.
    for column in ("emotion", "split"):
        together[column] = together.groupby(_CLIP, dropna=False)[column].transform("max")
    return together.drop_duplicates(_CLIP).reset_index(drop=True)


def _with_speakers(clips: pd.DataFrame, header: _Header, folder: Path, notes: list[str]) -> pd.DataFrame:
    """The clips with the attributes of their speakers, from the labels of the scheme or its table."""
    schemes = [
        scheme
        for table in header.tables.values()
        for column, scheme in table.schemes.items()
        if scheme and (column_name(column) == "speaker" or _meanings(table).get(column) == "speaker")
    ]
    labels = next((found for scheme in schemes if (found := header.labels.get(scheme))), None)
    if "speaker" not in clips or not labels:
        return clips
    if isinstance(labels, str):  # the name of a table
        file = _content(folder, labels)
        table = _read(file)
        key = table.columns[0]
        if table[key].duplicated().any():
            twice = table[key][table[key].duplicated()].iloc[0]
            raise CorpusError(f"has several rows for {key} {printable(twice)}; keep one", file=file)
        labels = table.set_index(key).to_dict("index")
    if not isinstance(labels, dict):
        return clips
    known = {str(name): about for name, about in labels.items() if isinstance(about, dict)}
    if unknown := sorted(set(clips["speaker"].dropna()) - {""} - known.keys()):
        shown = ", ".join(unknown[:3]) + (", …" if len(unknown) > 3 else "")
        notes.append(f"{counted(len(unknown), 'speaker')} without attributes in the database ({shown})")
    for attribute in sorted({str(key) for about in known.values() for key in about}):
        name = column_name(attribute)
        if name not in clips:
            clips[name] = [known.get(str(speaker), {}).get(attribute, "") for speaker in clips["speaker"]]
    return clips


def _recognise(path: Path, files: Sequence[Path]) -> float:
    header = path / _HEADER if path.is_dir() else path
    return float(header.name == _HEADER and header.is_file())


register_corpus(
    Corpus(
        name="audformat",
        title="an audformat database",
        read=read_audformat,
        licence="that of the database",
        url="",
        languages=(),
        acted=False,
        looks_like="db.yaml, db.emotion.csv, db.files.csv, as audb downloads them",
        recognise=_recognise,
        example={
            "db.yaml": "name: mine\ntables:\n  emotion:\n    type: filewise\n"
            "    columns: {emotion: {scheme_id: emotion}}\n",
            "db.emotion.csv": "file,emotion\nwav/a.wav,anger\n",
            "wav/a.wav": "",
        },
    )
)
