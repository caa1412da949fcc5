"""A feature store: one folder that holds the spectrograms of a whole corpus.

Three files: `frames.npy`, every clip's frames one after another in a single float32 array; `index.csv`, one
row a clip (or variant of a clip) that says which frames are its own; and `store.json`, written last, which
says how the frames were made. A folder without `store.json` is not a store: it was never finished.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serenade.audio.logmel import FrontEnd
from serenade.errors import StoreError
from serenade.files import write_json, write_whole
from serenade.version import __version__

FORMAT = "serenade-store"
FORMAT_VERSION = 1
FRAMES, INDEX, ABOUT = "frames.npy", "index.csv", "store.json"

REQUIRED = ("id", "file", "source", "variant", "emotion", "speaker", "sha256", "state", "note")
"""Text columns that every index has, beside `offset` and `frames` (counts) and `duration_s`."""

_DTYPES: dict[str, Any] = {"text": "str", "integer": "int64", "number": "float64", "flag": "bool"}


class Store:
    """A finished store, opened for reading; nothing but the index is in memory.

    Attributes:
        path: the folder.
        about: the content of `store.json`.

    >>> import tempfile
    >>> silence = np.zeros((3, 128), np.float32)
    >>> rows = pd.DataFrame({"id": ["a", "b"], "file": ["a.wav", "b.wav"], "speaker": ["07", "08"],
    ...                      "emotion": ["anger", ""], "frames": [1, 2], "state": ["ok", "ok"]})
    >>> store = write_store(tempfile.mkdtemp(), [silence], rows, front_end=FrontEnd())
    >>> len(store), store.features(1).shape, store.index["speaker"][0]
    (2, (2, 128), '07')
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        self.about = dict(about)

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Open a store.

        Raises:
            StoreError: there is none, it was never finished, it is damaged, or of a newer version.
        """
        path = Path(path)
        if not path.is_dir():
            raise StoreError("there is no store here; make one with: serenade prepare", file=path)
        try:
            about = json.loads((path / ABOUT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StoreError(
                "is not a finished store (no store.json); run serenade prepare again with this --out",
                file=path,
            ) from None
        except (OSError, ValueError) as cause:
            raise _damaged(path / ABOUT, cause) from cause
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise StoreError("is not the store.json of a serenade store", file=path / ABOUT)
        if about.get("version") != FORMAT_VERSION:
            raise StoreError(
                f"is a store of version {about.get('version')}, and this serenade reads {FORMAT_VERSION}; "
                "prepare it again, or use the serenade that made it",
                file=path,
            )
        store = cls(path, about)
        if store.frames.shape != (about["total_frames"], about["n_mels"]):
            raise StoreError("has not the size that store.json tells; prepare it again", file=path / FRAMES)
        return store

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row a clip or variant; text columns hold "" where nothing is known, never NaN."""
        kinds: dict[str, str] = self.about["columns"]
        try:
            return pd.read_csv(
                self.path / INDEX,
                dtype={name: _DTYPES[kind] for name, kind in kinds.items()},
                keep_default_na=False,
                na_values={name: [""] for name, kind in kinds.items() if kind == "number"},
                float_precision="round_trip",
                encoding="utf-8",
            )
        except (OSError, ValueError) as cause:
            raise _damaged(self.path / INDEX, cause) from cause

    @cached_property
    def usable(self) -> pd.DataFrame:
        """The rows of `index` in state `ok`, those to learn from; their labels are their positions there."""
        return self.index[self.index["state"] == "ok"]

    @cached_property
    def front_end(self) -> FrontEnd:
        """How the frames were made."""
        return FrontEnd.from_dict(self.about["front_end"])

    @property
    def hash(self) -> str:
        """SHA-256 of frames, index (without its paths) and front end: the same on every machine."""
        return str(self.about["hash"])

    @cached_property
    def frames(self) -> NDArray[np.float32]:
        """All frames [shape=(total_frames, n_mels)], a read-only memory map."""
        try:
            mapped = np.load(
                self.path / FRAMES, mmap_mode="r" if self.about["total_frames"] else None, allow_pickle=False
            )
        except (OSError, ValueError) as cause:
            raise _damaged(self.path / FRAMES, cause) from cause
        # A plain view of the map: slices of np.memmap itself are several times as slow to make.
        return np.asarray(mapped, np.float32)

    @cached_property
    def _spans(self) -> NDArray[np.int64]:
        return self.index[["offset", "frames"]].to_numpy(np.int64)

    def features(self, row: int) -> NDArray[np.float32]:
        """The log-mel of row `row` of the index [shape=(frames, n_mels)], dB, not normalised, read-only."""
        offset, frames = self._spans[row]
        return self.frames[offset : offset + frames]

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker opens the store itself; sending the array would read all of it.
        return Store.open, (self.path,)

    def __len__(self) -> int:
        return int(self.about["rows"])

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r}, {len(self)} rows, {self.about['total_frames']} frames)"


def write_store(
    path: str | Path,
    blocks: Iterable[NDArray[np.float32]],
    index: pd.DataFrame,
    *,
    front_end: FrontEnd,
    about: Mapping[str, Any] | None = None,
) -> Store:
    """Write a store, in the memory of one block.

    Args:
        path: the folder, made if need be.
        blocks: the frames of the rows in order, cut anywhere, each [shape=(any, n_mels)].
        index: one row a clip with its count of `frames`; offsets and missing columns are filled in.
        front_end: how the frames were made.
        about: what else `store.json` should tell.

    Raises:
        StoreError: the blocks do not hold as many frames as the index says.
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
            raise StoreError(f"{written} frames came for an index of {total}", file=path)
    with write_whole(path / INDEX) as out:
        index.to_csv(out, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
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
            "serenade_version": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **(about or {}),
        },
    )
    return Store.open(path)


def _completed(index: pd.DataFrame, front_end: FrontEnd) -> pd.DataFrame:
    """The index with every required column, offsets, and "" for unknown text."""
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
            index[name] = [str(value) if pd.notna(value) else "" for value in index[name]]
        else:
            index[name] = index[name].astype(_DTYPES[kind])
    return index


def _damaged(file: Path, cause: Exception) -> StoreError:
    return StoreError(f"cannot be read ({cause}); remove the store and prepare it again", file=file)


def _kind(column: pd.Series[Any]) -> str:
    """What a column holds, so that reading it back gives the same: a speaker "07" stays text."""
    if column.name in REQUIRED:
        return "text"
    if pd.api.types.is_bool_dtype(column) and not column.hasnans:
        return "flag"
    if pd.api.types.is_integer_dtype(column) and not column.hasnans:
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(column) else "text"
