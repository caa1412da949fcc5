"""Corpora of one's own: a CSV or TSV manifest, an audformat table, or a folder per class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from serenade.corpora.registry import clips_in, register_corpus
from serenade.corpora.table import new_table, source_of
from serenade.errors import CorpusError
from serenade.labels import EMOTIONS, OTHER, canonical, label_of

ALIASES = {
    "file": (
        "path",
        "filename",
        "file_name",
        "filepath",
        "file_path",
        "wav",
        "audio",
        "wav_path",
        "audio_path",
    ),
    "emotion": ("label", "emo", "class", "category", "emotion_label"),
    "speaker": ("spk", "speaker_id", "spk_id", "speakerid", "actor", "actor_id", "subject"),
    "sex": ("gender",),
    "start": ("begin", "onset", "start_s", "start_time"),
    "end": ("stop", "end_s", "end_time"),
    "language": ("lang", "locale"),
    "split": ("subset", "partition", "set"),
    "source": ("source_id", "original"),
}
"""How people call the columns, the canonical name first in line; case, spaces and hyphens do not matter."""

_SUFFIXES = (".csv", ".tsv")
_PART_FOLDERS = {
    "train": "train",
    "dev": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "test": "test",
}
_LOOKS_LIKE = "a CSV or TSV with a column of files and one of emotions, or a folder per emotion"


def _recognise(path: Path, files: Sequence[Path]) -> float:
    if path.is_file():
        return float(path.suffix.lower() in _SUFFIXES)
    # A little below certain: cremad_mels/ANG/1001_….npy is CREMA-D before it is a folder per class.
    if _manifest_in(path) is not None:
        return 0.98
    in_class = sum(_class_of(file, path) != "" for file in files)
    return 0.98 * in_class / len(files) if files else 0.0


@register_corpus(
    "manifest",
    licence="that of your recordings",
    url="",
    languages=(),
    looks_like=_LOOKS_LIKE,
    recognise=_recognise,
)
def read_manifest(path: str | Path) -> pd.DataFrame:
    """Read a manifest, a folder that holds one, or a folder per class.

    Manifest: `file` (or path, wav …) is needed; `emotion` (label …), `speaker`, `sex`, `start`, `end`
    (seconds, or audformat's "0 days 00:00:01.5"), `language`, `split` are understood under the names of
    `ALIASES`; all other columns are kept. Relative paths are resolved against the manifest's folder.

    Folder per class: any spelling of an emotion that `serenade.labels` knows; folders train, dev and test
    fill the column `split`.

    Raises:
        CorpusError: nothing usable there; a column that is missing or there twice; an unknown label.
    """
    path = Path(path)
    if path.is_file():
        return _read_file(path)
    file = _manifest_in(path)
    return _read_file(file) if file is not None else _read_folders(path)


def _read_file(file: Path) -> pd.DataFrame:
    raw = _read_columns(file)
    if "file" not in raw:
        raise CorpusError(
            f"has no column that names the recordings (columns: {', '.join(raw.columns)}); call it `file`",
            file=file,
        )
    raw = raw[raw["file"] != ""]
    if raw.empty:
        raise CorpusError("lists no recording; write one row a clip below the header", file=file)
    for column in ("start", "end"):
        if column in raw:
            raw[column] = _seconds(raw[column], file)
    if "emotion" in raw and (
        strange := sorted({name for name in raw["emotion"] if name and not label_of(name)})
    ):
        raise CorpusError(
            f"labels that are no names: {', '.join(strange[:5])}; write them by name "
            "(anger, happiness …), never as numbers",
            file=file,
        )
    folder = file.parent
    # Relative to the manifest, so that a split's hash does not depend on where the corpus lies.
    named = [source_of(folder / name, folder) for name in raw["file"]]
    given = raw["source"] if "source" in raw else [""] * len(raw)
    raw["source"] = [source or default for source, default in zip(given, named, strict=True)]
    raw["file"] = [str(folder / name) for name in raw["file"]]
    if "corpus" not in raw:
        raw["corpus"] = file.stem
    rows = ({str(key): value for key, value in row.items()} for row in raw.to_dict("records"))
    table = new_table(rows, own_labels=True)
    notes = [] if "emotion" in raw else [f"{file.name} has no column of labels: every clip is unlabelled"]
    if not (table["speaker"] != "").any():
        notes.append(f"{file.name} has no column of speakers: no split can keep them apart")
    if own := sorted(set(table["emotion"]) - {"", *EMOTIONS, *OTHER}):
        notes.append(f"labels of its own, kept as they are: {', '.join(own)}")
    table.attrs["notes"] = notes
    return table


def _read_columns(file: Path) -> pd.DataFrame:
    """Columns under their canonical names, all text."""
    try:
        header = _header(file)
        separator = max(",;\t", key=header.count)
        raw = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as cause:
        raise CorpusError(
            "cannot be read as a CSV or TSV table with a header line; save it as CSV in UTF-8", file=file
        ) from cause
    names = {alias: name for name, aliases in ALIASES.items() for alias in (name, *aliases)}
    renamed = [names.get(_plain(column), str(column).strip()) for column in raw.columns]
    if twice := sorted({name for name in renamed if renamed.count(name) > 1}):
        raise CorpusError(f"has two columns that mean {twice[0]!r}; rename or remove one", file=file)
    raw.columns = pd.Index(renamed)
    return raw.assign(**{name: raw[name].str.strip() for name in renamed})


def _seconds(values: pd.Series[str], file: Path) -> pd.Series[float]:
    """Plain seconds, or the time spans that audformat writes; empty and NaT are NaN."""
    given = ~values.str.lower().isin(["", "nat", "nan", "none"])
    numbers = pd.to_numeric(values.where(given), errors="coerce")
    spans = pd.to_timedelta(values.where(given & numbers.isna()), errors="coerce").dt.total_seconds()
    seconds = numbers.fillna(spans)
    if (bad := given & seconds.isna()).any():
        raise CorpusError(f"the time {values[bad].iloc[0]!r} is neither seconds nor h:mm:ss", file=file)
    return seconds


def _read_folders(path: Path) -> pd.DataFrame:
    files = clips_in(path)
    if not files:
        raise CorpusError("holds no sound files; give the folder of the recordings", file=path)
    rows = [
        {
            "file": file,
            "emotion": _class_of(file, path),
            "split": next(
                (_PART_FOLDERS[name] for name in _folders(file, path) if name in _PART_FOLDERS), ""
            ),
            "corpus": path.resolve().name,
        }
        for file in files
    ]
    if not any(row["emotion"] for row in rows):
        raise CorpusError(
            f"none of its {len(files)} files lies in a folder named after an emotion; "
            "make folders anger, happiness …, or a manifest (CSV with the columns file, emotion, speaker)",
            file=path,
        )
    table = new_table(rows, root=path)
    table.attrs["notes"] = ["folders do not say who speaks: no split can keep speakers apart; a manifest can"]
    return table


def _class_of(file: Path, root: Path) -> str:
    """The emotion of the nearest folder that names one; a single letter does not (f: female or fear?)."""
    return next(
        (name for folder in _folders(file, root) if len(folder) > 1 and (name := canonical(folder))), ""
    )


def _folders(file: Path, root: Path) -> list[str]:
    return [part.lower() for part in reversed(file.relative_to(root).parts[:-1])]


def _manifest_in(folder: Path) -> Path | None:
    """The one table in a folder whose header names recordings and labels."""
    wanted = {"file": {"file", *ALIASES["file"]}, "emotion": {"emotion", *ALIASES["emotion"]}}
    tables = sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)
    fitting = []
    for file in tables:
        columns = {_plain(column) for column in re.split("[,;\t]", _header(file))}
        if all(columns & names for names in wanted.values()):
            fitting.append(file)
    if len(fitting) > 1:
        raise CorpusError(
            f"holds {len(fitting)} manifests ({fitting[0].name} …); give the one to read", file=folder
        )
    return fitting[0] if fitting else None


def _header(file: Path) -> str:
    with file.open(encoding="utf-8-sig", errors="replace") as source:
        return source.readline(10_000)


def _plain(column: object) -> str:
    return str(column).strip().strip('"').lower().replace(" ", "_").replace("-", "_")
