"""The store: one folder with the features of a whole corpus.

It has three files: `frames.npy` holds the frames of all clips in one float32 array, `index.csv` has one row
per clip (or variant of a clip) with its position in that array, and `store.json`, written last, says how the
frames were made. A folder without `store.json` is an unfinished store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.audio.logmel import FrontEnd
from serenade.errors import OutputError, SerenadeError, StoreError
from serenade.features.csv_text import quoting_of, with_decoded_paths, with_encoded_paths
from serenade.files import sha256_of, write_json, write_whole
from serenade.schema import Range, SchemaError, build, read_json
from serenade.text import valid_unicode
from serenade.version import __version__

FORMAT = "serenade-store"
FORMAT_VERSION = 1
FRAMES, INDEX, ABOUT = "frames.npy", "index.csv", "store.json"

REQUIRED = ("id", "file", "source", "variant", "emotion", "speaker", "sha256", "state", "note")
"""Text columns of every index; it also has `offset` and `frames` (counts of frames) and `duration_s`."""

_DTYPES: dict[str, Any] = {"text": "str", "integer": "int64", "number": "float64", "flag": "bool"}


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """A file of a store as it was written, to detect damage.

    Attributes:
        bytes: size of the file.
        modified_ns: time of its last change, in nanoseconds.
        sha256: SHA-256 of its content.
    """

    bytes: Annotated[int, Range(0, 2**53)]
    modified_ns: int
    sha256: str

    def is_unchanged(self, file: Path) -> bool:
        """Return whether the file has the recorded size and time of change."""
        status = file.stat()
        return (status.st_size, status.st_mtime_ns) == (self.bytes, self.modified_ns)


@dataclass(frozen=True, kw_only=True)
class _Info:
    """The content of `store.json` that reading a store depends on."""

    hash: str
    front_end: dict[str, Any]
    n_mels: Annotated[int, Range(1, 4096)]
    total_frames: Annotated[int, Range(0, 2**53)]
    rows: Annotated[int, Range(0, 2**40)]
    states: dict[str, int]
    columns: dict[str, Literal["text", "integer", "number", "flag"]]
    files: dict[str, FileRecord] = field(default_factory=dict)


class Store:
    """A finished store, opened for reading. Only the index is loaded into memory.

    Attributes:
        path: the folder.
        about: content of `store.json`.

    >>> import tempfile
    >>> silence = np.zeros((3, 128), np.float32)
    >>> rows = pd.DataFrame({"id": ["a", "b"], "file": ["a.wav", "b.wav"], "speaker": ["07", "08"],
    ...                      "emotion": ["anger", ""], "frames": [1, 2], "state": ["ok", "ok"]})
    >>> store = write_store(tempfile.mkdtemp(), [silence], rows, front_end=FrontEnd())
    >>> len(store), store.features(1).shape, store.index["speaker"][0]
    (2, (2, 128), '07')
    """

    def __init__(self, path: Path, about: Mapping[str, Any], info: _Info) -> None:
        self.path = path
        self.about = dict(about)
        self._info = info

    @classmethod
    def open(cls, path: str | Path, *, verify: bool = False) -> Store:
        """Open a store.

        The checksums of its files are compared if a file's size or time of change differs from what was
        recorded, for example after copying the store.

        Args:
            path: the folder.
            verify: compare the checksums in any case, which reads the whole store.

        Raises:
            StoreError: the store is missing, unfinished, damaged, or of another version.
        """
        path = Path(path)
        if not path.is_dir():
            raise StoreError("there is no store here; make one with: serenade prepare", file=path)
        about, info = _read_info(path)
        store = cls(path, about, info)
        if store.frames.shape != (info.total_frames, info.n_mels):
            raise _damaged(path / FRAMES, f"its shape is {store.frames.shape}, not as in {ABOUT}")
        store._check_index()
        changed = [name for name, record in info.files.items() if not record.is_unchanged(path / name)]
        if changed or verify:
            store._compare_checksums()
        if changed:
            # The content is as it was written; with its new times the next opening is fast again.
            with suppress(OutputError):
                write_json(path / ABOUT, {**about, "files": _records(path)})
        return store

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row per clip or variant. Text columns hold "" for unknown values, never NaN."""
        kinds = self._info.columns
        try:
            index = pd.read_csv(
                self.path / INDEX,
                dtype={name: _DTYPES[kind] for name, kind in kinds.items()},
                keep_default_na=False,
                na_values={name: [""] for name, kind in kinds.items() if kind == "number"},
                float_precision="round_trip",
                encoding="utf-8",
            )
        except (OSError, ValueError) as cause:
            raise _damaged(self.path / INDEX, cause) from cause
        return with_decoded_paths(index) if "file" in index else index

    @cached_property
    def usable(self) -> pd.DataFrame:
        """The rows of `index` in state `ok`; their index labels are their positions in it."""
        return self.index[self.index["state"] == "ok"]

    @cached_property
    def front_end(self) -> FrontEnd:
        """The front end of the frames."""
        return FrontEnd.from_dict(self._info.front_end)

    @property
    def hash(self) -> str:
        """SHA-256 of frames, index (without file paths) and front end: the same on every machine."""
        return self._info.hash

    @cached_property
    def frames(self) -> NDArray[np.float32]:
        """All frames [shape=(total_frames, n_mels)], a read-only memory map."""
        try:
            mapped = np.load(
                self.path / FRAMES, mmap_mode="r" if self._info.total_frames else None, allow_pickle=False
            )
        except (OSError, ValueError, EOFError) as cause:
            raise _damaged(self.path / FRAMES, cause) from cause
        if mapped.dtype != np.float32:
            raise _damaged(self.path / FRAMES, f"its type is {mapped.dtype}, not float32")
        # A plain view of the map: slices of np.memmap itself take several times as long to make.
        return np.asarray(mapped, np.float32)

    @cached_property
    def _spans(self) -> NDArray[np.int64]:
        return self.index[["offset", "frames"]].to_numpy(np.int64)

    def _check_index(self) -> None:
        """Check that the rows of the index cover the frames one after another.

        Raises:
            StoreError: a row is missing, doubled, or in another place.
        """
        file = self.path / INDEX
        lacking = {*REQUIRED, "offset", "frames", "duration_s"} - set(self.index.columns)
        if lacking or list(self.index.columns) != list(self._info.columns):
            raise _damaged(file, f"its columns are not as in {ABOUT}")
        if len(self.index) != self._info.rows:
            raise _damaged(file, f"it has {len(self.index)} rows instead of {self._info.rows}")
        offsets, counts = self._spans.T
        if (counts < 0).any() or (offsets != counts.cumsum() - counts).any():
            raise _damaged(file, "its rows are not in the order of the frames")
        if int(counts.sum()) != self._info.total_frames:
            raise _damaged(file, f"it has {int(counts.sum())} frames instead of {self._info.total_frames}")
        if not self.index["id"].is_unique:
            raise _damaged(file, "it has two rows with one id")

    def _compare_checksums(self) -> None:
        for name, record in self._info.files.items():
            if sha256_of(self.path / name) != record.sha256:
                raise _damaged(self.path / name, "its content has changed since it was written")

    def features(self, row: int) -> NDArray[np.float32]:
        """Return the features of row `row` of the index [shape=(frames, n_mels)], in dB, read-only."""
        offset, frames = self._spans[row]
        return self.frames[offset : offset + frames]

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker process opens the store itself; sending the array would read all of it.
        return Store.open, (self.path,)

    def __len__(self) -> int:
        return self._info.rows

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r}, {len(self)} rows, {self._info.total_frames} frames)"


def write_store(
    path: str | Path,
    blocks: Iterable[NDArray[np.float32]],
    index: pd.DataFrame,
    *,
    front_end: FrontEnd,
    about: Mapping[str, Any] | None = None,
) -> Store:
    """Write a store, with one block of frames in memory at a time.

    Args:
        path: the folder; it is made if it does not exist.
        blocks: the frames of the rows in order, cut anywhere, each [shape=(any, n_mels)].
        index: one row per clip with its number of `frames`; offsets and missing columns are filled in.
        front_end: front end of the frames.
        about: more entries for `store.json`.

    Raises:
        StoreError: the blocks do not have as many frames as the index says.
        OutputError: the folder cannot be written to.
    """
    path = Path(path)
    index = _completed(index, front_end)
    total = int(index["frames"].sum())
    digest = hashlib.sha256()
    with write_whole(path / FRAMES, "wb") as out:
        header = {"descr": "<f4", "fortran_order": False, "shape": (total, front_end.n_mels)}
        np.lib.format.write_array_header_1_0(out, header)
        written = 0
        for block in blocks:
            data = np.ascontiguousarray(block, "<f4").data
            digest.update(data)
            out.write(data)
            written += len(block)
        if written != total:
            raise StoreError(f"got {written} frames for an index of {total}", file=path)
    with write_whole(path / INDEX) as out:
        stored = with_encoded_paths(index)
        stored.to_csv(out, index=False, lineterminator="\n", quoting=quoting_of(stored))
    digest.update(index.drop(columns="file").to_csv(index=False, lineterminator="\n").encode())
    digest.update(front_end.hash.encode())
    states = index["state"].value_counts().sort_index()
    write_json(
        path / ABOUT,
        {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "hash": digest.hexdigest(),
            "front_end": front_end.to_dict(),
            "front_end_hash": front_end.hash,
            "n_mels": front_end.n_mels,
            "total_frames": total,
            "rows": len(index),
            "states": {str(state): int(count) for state, count in states.items()},
            "columns": {name: _kind(index[name]) for name in index.columns},
            "files": _records(path),
            "serenade_version": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **(about or {}),
        },
    )
    return Store.open(path)


def _read_info(path: Path) -> tuple[dict[str, Any], _Info]:
    """Read and check `store.json`."""
    file = path / ABOUT
    try:
        about = read_json(file)
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise StoreError("is not the store.json of a serenade store", file=file)
        if about.get("version") != FORMAT_VERSION:
            raise StoreError(
                f"is a store of version {about.get('version')}, but this serenade reads version "
                f"{FORMAT_VERSION}; prepare it again, or use the serenade that made it",
                file=path,
            )
        info = build(_Info, about, unknown="ignore")
        FrontEnd.from_dict(info.front_end)
    except FileNotFoundError:
        raise StoreError(
            f"is not a finished store (no {ABOUT}); run serenade prepare again with this --out", file=path
        ) from None
    except StoreError:
        raise
    except (OSError, SchemaError, SerenadeError) as cause:
        raise _damaged(file, cause) from cause
    for name in (FRAMES, INDEX):
        if not (path / name).is_file():
            raise _damaged(path / name, "the file is missing")
    return about, info


def _records(path: Path) -> dict[str, dict[str, Any]]:
    """Describe the files of a store for `FileRecord`."""
    records = {}
    for name in (FRAMES, INDEX):
        status = (path / name).stat()
        records[name] = {
            "bytes": status.st_size,
            "modified_ns": status.st_mtime_ns,
            "sha256": sha256_of(path / name),
        }
    return records


def _completed(index: pd.DataFrame, front_end: FrontEnd) -> pd.DataFrame:
    """Return the index with every required column, offsets, and "" for unknown text."""
    index = index.reset_index(drop=True)
    frames = index["frames"].astype("int64")
    index["frames"] = frames
    index["offset"] = frames.cumsum() - frames
    defaults = {"variant": "original", "state": "ok"}
    for name in REQUIRED:
        if name not in index:
            index[name] = index["id"] if name == "source" else defaults.get(name, "")
    if "duration_s" not in index:
        index["duration_s"] = frames * front_end.hop / front_end.rate_hz
    for name in index.columns:
        kind = _kind(index[name])
        if kind == "text":
            texts = [str(value) if pd.notna(value) else "" for value in index[name]]
            index[name] = texts if name == "file" else [valid_unicode(text) for text in texts]
        else:
            index[name] = index[name].astype(_DTYPES[kind])
    return index


def _damaged(file: Path, cause: Exception | str) -> StoreError:
    return StoreError(f"is damaged ({cause}); remove the store and prepare it again", file=file)


def _kind(column: pd.Series[Any]) -> str:
    """Return the kind of a column, so that it is read back unchanged: a speaker "07" stays text."""
    if column.name in REQUIRED:
        return "text"
    if pd.api.types.is_bool_dtype(column) and not column.hasnans:
        return "flag"
    if pd.api.types.is_integer_dtype(column) and not column.hasnans:
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(column) else "text"
