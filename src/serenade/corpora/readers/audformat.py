"""audformat databases, such as audb publishes them: `db.yaml`, and a CSV or Parquet file for each table.

The header names the tables, the splits, and attributes of the speakers. Pickled tables (`.pkl`) are not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from serenade.corpora.corpus_table import PART_NAMES, is_missing, new_table
from serenade.corpora.manifest_columns import column_name, seconds
from serenade.corpora.registry import Corpus, register_corpus
from serenade.corpora.shared_root import corpus_root
from serenade.errors import CorpusError, MissingExtra
from serenade.labels import describe_labels

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
    tables = {name: _table(folder, name, about) for name, about in header["tables"].items()}
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
    clips = _with_speakers(clips, header, folder)
    languages = header.get("languages") or []
    if len(languages) == 1 and "language" not in clips:
        clips["language"] = _LANGUAGES.get(str(languages[0]), str(languages[0]))
    root = corpus_root(folder)
    clips["corpus"] = str(header.get("name") or root.name)
    clips["file"] = [folder / name for name in clips["file"]]
    notes = describe_labels(sorted({label for label in clips["emotion"] if not is_missing(label)}))
    if licence := header.get("license"):
        notes.append(f"licence of the database: {licence}")
    rows = [{str(name): value for name, value in row.items()} for row in clips.to_dict("records")]
    return new_table(rows, root=root, own_labels=True, notes=notes)


def _header(file: Path) -> dict[str, Any]:
    try:
        import yaml
    except ModuleNotFoundError as cause:
        raise MissingExtra(
            "an audformat database needs pyyaml; install it with: pip install 'serenade[datasets]'"
        ) from cause
    try:
        header = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise CorpusError(
            "there is no such file; give the folder of an audformat database", file=file
        ) from cause
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as cause:
        raise CorpusError("is not a readable header of an audformat database", file=file) from cause
    tables = header.get("tables") if isinstance(header, dict) else None
    if not isinstance(tables, dict) or not all(isinstance(about, dict) for about in tables.values()):
        raise CorpusError("is not the header of an audformat database: it has no tables", file=file)
    return dict(header)


def _table(folder: Path, name: str, about: Mapping[str, Any]) -> pd.DataFrame:
    """A table with the column names of a corpus table, as text; start and end in seconds."""
    file = _content(folder, name)
    schemes = {
        column: str((settings or {}).get("scheme_id") or "")
        for column, settings in (about.get("columns") or {}).items()
    }
    renamed = {column: column_name(str(column)) for column in (*_CLIP, *schemes)}
    for column, scheme in schemes.items():
        if renamed[column] == column and column_name(scheme) in ("emotion", "speaker"):
            renamed[column] = column_name(scheme)
    table = _read(file)
    if "file" not in table:
        raise CorpusError("has no column `file`", file=file)
    table = table.rename(columns=renamed)
    table = table.loc[:, ~table.columns.duplicated()]
    for column in ("start", "end"):
        table[column] = seconds(table[column], column, file) if column in table else float("nan")
    # A filewise clip, and one from the start to no end, are the whole file.
    table.loc[table["end"].isna() & (table["start"] == 0), "start"] = float("nan")
    return table


def _content(folder: Path, name: str) -> Path:
    for suffix in (".csv", ".parquet"):
        file = folder / f"db.{name}{suffix}"
        if file.is_file():
            return file
    raise CorpusError(
        f"has neither db.{name}.csv nor db.{name}.parquet; download the database again", file=folder
    )


def _read(file: Path) -> pd.DataFrame:
    try:
        if file.suffix == ".csv":
            return pd.read_csv(file, dtype=str, keep_default_na=False)
        table = pd.read_parquet(file)
    except (ImportError, ValueError, OSError) as cause:
        reason = str(cause).partition("\n")[0]
        raise CorpusError(f"is not a readable table ({reason})", file=file) from cause
    return table.astype(object).where(table.notna(), "").astype(str)


def _joined(labelled: Mapping[str, pd.DataFrame], header: Mapping[str, Any], folder: Path) -> pd.DataFrame:
    """The clips of all tables of emotions, each once, with the part of the table's split."""
    parts = []
    for name, content in labelled.items():
        split = str(header["tables"][name].get("split_id") or "")
        kind = str(((header.get("splits") or {}).get(split) or {}).get("type") or split)
        parts.append(content.assign(split=PART_NAMES.get(kind, "")))
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


def _with_speakers(clips: pd.DataFrame, header: Mapping[str, Any], folder: Path) -> pd.DataFrame:
    """The clips with the attributes of their speakers, from the labels of the scheme or its table."""
    scheme = (header.get("schemes") or {}).get("speaker") or {}
    labels = scheme.get("labels")
    if "speaker" not in clips or not labels:
        return clips
    if isinstance(labels, str):  # the name of a table
        table = _read(_content(folder, labels))
        labels = table.set_index(table.columns[0]).to_dict("index")
    if not isinstance(labels, dict):
        return clips
    known = {str(name): about for name, about in labels.items() if isinstance(about, dict)}
    attributes = sorted({str(key) for about in known.values() for key in about})
    for attribute in attributes:
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
