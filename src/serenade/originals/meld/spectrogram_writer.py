"""Writing MELD's spectrograms: several workers, constant memory, and runs that can be interrupted.

While an array is filled, it is under `.chunks` at its full size, as a memory map. Workers fill it in chunks
of a few clips; a finished chunk has a marker. When all chunks are finished, the arrays are renamed.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serenade.audio.logmel import MELD_SEED
from serenade.errors import StoreError
from serenade.features.chunks import CLIPS_PER_CHUNK, version_of
from serenade.features.mel_folder import FRONT_END_FILE
from serenade.features.prepare import Progress
from serenade.features.unfinished_store import CHUNKS, locked
from serenade.features.workers import map_unordered
from serenade.files import hash_of, make_folder, output_error, protect_inputs, write_json, write_whole
from serenade.originals.meld.spectrograms import SHAPE, ClipNote, ids_of, rows_in_order, spectrogram_of

_LAYOUT = 1
_BLOCK = 1 << 20
_NAMES = {"train": "Train:", "val": "Val:  ", "test": "Test: "}
MEMBER = "X_audio"
"""The array's name in `X_audio_*.npz`."""


@dataclass(frozen=True, kw_only=True)
class Spectrograms:
    """What was written.

    Attributes:
        path: the folder.
        clips: by part (train, val, test).
        statuses: clips by status.
        trouble: a line for each clip that is missing or corrupt, with the reason.
        notes: of the reader of the corpus.
    """

    path: Path
    clips: dict[str, int]
    statuses: dict[str, int]
    trouble: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The counts as JSON-able values."""
        return dict(vars(self)) | {"path": str(self.path)}

    def __str__(self) -> str:
        """The last lines that the original prints, and the number of clips by status."""
        rule = "=" * 70
        shapes = [f"  {_NAMES[part]} {(count, *SHAPE)}" for part, count in self.clips.items()]
        statuses = ", ".join(f"{count:,} {status}" for status, count in self.statuses.items())
        banner = ["", rule, "SPECTROGRAM GENERATION COMPLETE", rule, "", "Final Shapes:", *shapes]
        return "\n".join([*banner, "", statuses, *self.notes, f"written to {self.path}"])


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some rows of an array: their place, their files, and the marker of the finished rows."""

    array: Path
    first: int
    files: tuple[str, ...]
    marker: Path

    def make(self) -> int:
        """Fill the rows, then write the marker; return the number of rows."""
        array = np.lib.format.open_memmap(self.array, mode="r+")
        notes = []
        for row, file in enumerate(self.files, self.first):
            array[row], note = spectrogram_of(file)
            notes.append(note.to_dict())
        array.flush()
        write_json(self.marker, notes)
        return len(self.files)

    def notes(self) -> list[ClipNote]:
        """Return the notes of the clips, once the rows are filled."""
        return [ClipNote(**note) for note in json.loads(self.marker.read_text(encoding="utf-8"))]


def write_spectrograms(
    meld: str | Path,
    out: str | Path,
    *,
    compress: bool = False,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Spectrograms:
    """Write `X_audio_{train,val,test}.npy` float32 [shape=(n, 128, 128, 1)], `ids_*.csv` and `frontend.json`.

    An interrupted run is continued by the same call, with the same bytes as result. A finished run is not
    repeated. Other files in `out` are not changed.

    Args:
        meld: the folder `MELD.Raw`.
        out: the folder to write to.
        compress: write `X_audio_*.npz` instead, each with one array, `X_audio`.
        jobs: worker processes; one a core when None.
        progress: called at the start and after every piece.

    Raises:
        CorpusError: see `rows_in_order`.
        StoreError: `out` holds spectrograms of other clips or tables, or another run is at work in it.
        OutputError: `out` cannot be written to.
    """
    out = Path(out)
    protect_inputs([out], [meld])
    rows = rows_in_order(meld)
    pieces = {part: _pieces(part, table, out / CHUNKS) for part, table in rows.items()}
    tables = {part: ids_of(table, []).to_csv() for part, table in rows.items()}
    keys = [piece.marker.name for some in pieces.values() for piece in some]
    key = hash_of([keys, tables, MELD_SEED.hash, compress])
    report = progress or (lambda _: None)
    if not _finished(out, key):
        make_folder(out / CHUNKS)
        with locked(out):
            _make(pieces, rows, jobs, report)
            _finish(out, pieces, rows, key, compress=compress)
    else:
        clips = sum(map(len, rows.values()))
        whole = {"found_chunks": len(keys), "chunks": len(keys)}
        report(Progress(done=clips, total=clips, found=clips, **whole))
    shutil.rmtree(out / CHUNKS, ignore_errors=True)
    return _result(out, rows)


def _pieces(part: str, table: pd.DataFrame, folder: Path) -> list[Piece]:
    files = [os.path.abspath(file) for file in table["file"]]
    pieces = []
    for first in range(0, len(files), CLIPS_PER_CHUNK):
        some = tuple(files[first : first + CLIPS_PER_CHUNK])
        sources = table["source"].iloc[first : first + CLIPS_PER_CHUNK]
        versions = [(source, *version_of(file)) for source, file in zip(sources, some, strict=True)]
        key = hash_of([_LAYOUT, MELD_SEED.hash, len(files), first, versions])
        marker = folder / f"{part}-{first:05}-{key[:16]}.json"
        pieces.append(Piece(array=_name(folder, part), first=first, files=some, marker=marker))
    return pieces


def _name(folder: Path, part: str, suffix: str = "npy") -> Path:
    return folder / f"X_audio_{part}.{suffix}"


def _finished(out: Path, key: str) -> bool:
    """Whether all is there already; refuses what is there when it is something else."""
    about = out / FRONT_END_FILE
    if about.exists():
        with suppress(ValueError, AttributeError):
            if json.loads(about.read_text(encoding="utf-8")).get("key") == key:
                return True
    elif (out / CHUNKS).exists() or not any(out.glob("X_audio_*.np[yz]")):
        return False
    raise StoreError(
        "holds spectrograms of other clips, tables or order, or of another program; "
        "choose another --out, or remove them first",
        file=out,
    )


def _make(
    pieces: dict[str, list[Piece]],
    rows: dict[str, pd.DataFrame],
    jobs: int | None,
    report: Callable[[Progress], None],
) -> None:
    """Fill the rows that are not filled yet; remove the files of other runs."""
    folder = next(iter(pieces.values()))[0].marker.parent
    every = [piece for some in pieces.values() for piece in some]
    kept = {*(piece.marker for piece in every), *(piece.array for piece in every)}
    for file in (*folder.iterdir(), *folder.parent.glob(".*.part")):
        if file not in kept:
            file.unlink()
    for part, some in pieces.items():
        _create_array(some, len(rows[part]))
    found = [piece for piece in every if piece.marker.exists()]
    missing = [piece for piece in every if not piece.marker.exists()]
    begun = done = sum(len(piece.files) for piece in found)
    total = sum(len(piece.files) for piece in every)
    counts = {"total": total, "found": begun, "found_chunks": len(found), "chunks": len(every)}
    report(Progress(done=done, **counts))
    for clips in map_unordered(Piece.make, missing, jobs=jobs):
        done += clips
        report(Progress(done=done, **counts))


def _create_array(pieces: list[Piece], count: int) -> None:
    """Create the array of a part at its full size, with zeros, unless it exists."""
    array, final = pieces[0].array, pieces[0].array.parent.parent / pieces[0].array.name
    try:
        if not array.exists() and final.exists() and all(piece.marker.exists() for piece in pieces):
            # A run that was killed after the array was renamed.
            os.replace(final, array)
        with suppress(OSError, ValueError):
            if np.load(array, mmap_mode="r", allow_pickle=False).shape == (count, *SHAPE):
                return
        for piece in pieces:
            piece.marker.unlink(missing_ok=True)
        with write_whole(array, "wb") as empty:
            header = {"descr": "<f4", "fortran_order": False, "shape": (count, *SHAPE)}
            np.lib.format.write_array_header_1_0(empty, header)
            size = empty.tell() + 4 * count * int(np.prod(SHAPE))
            # Allocated now: a memory map on a full disk would end the process.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(empty.fileno(), 0, size)
            else:
                empty.truncate(size)
    except OSError as cause:
        raise output_error(array, cause) from cause


def _finish(
    out: Path, pieces: dict[str, list[Piece]], rows: dict[str, pd.DataFrame], key: str, *, compress: bool
) -> None:
    """Rename all files to their final names; `frontend.json`, with the key, is the last."""
    ids = {
        part: ids_of(rows[part], [note for piece in some for note in piece.notes()])
        for part, some in pieces.items()
    }
    for part, table in ids.items():
        with write_whole(out / f"ids_{part}.csv") as csv:
            table.to_csv(csv, index=False)
        array = _name(out / CHUNKS, part)
        try:
            if compress:
                _pack(array, _name(out, part, "npz"))
            else:
                os.replace(array, _name(out, part))
        except OSError as cause:
            raise output_error(out, cause) from cause
    about = {"front_end": MELD_SEED.to_dict(), "shape": SHAPE, "key": key, "notes": _notes(rows)}
    write_json(out / FRONT_END_FILE, about)


def _pack(array: Path, out: Path) -> None:
    """Write an `.npy` as the one member of an `.npz`, block by block, the same bytes every time."""
    member = zipfile.ZipInfo(f"{MEMBER}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    with (
        write_whole(out, "wb") as target,
        zipfile.ZipFile(target, "w") as archive,
        archive.open(member, "w", force_zip64=True) as packed,
        array.open("rb") as source,
    ):
        shutil.copyfileobj(source, packed, _BLOCK)


def _notes(rows: dict[str, pd.DataFrame]) -> list[str]:
    return list(next(iter(rows.values())).attrs.get("notes", ()))


def _result(out: Path, rows: dict[str, pd.DataFrame]) -> Spectrograms:
    ids = pd.concat(
        [pd.read_csv(out / f"ids_{part}.csv", keep_default_na=False).assign(part=part) for part in rows]
    )
    bad = ids[ids["status"].isin(["missing", "corrupt"])]
    return Spectrograms(
        path=out,
        clips={part: len(table) for part, table in rows.items()},
        statuses={str(status): int(count) for status, count in ids["status"].value_counts().items()},
        trouble=tuple(
            f"{part} dia{dialogue}_utt{utterance}: {status}{': ' if note else ''}{note}"
            for part, dialogue, utterance, status, note in bad[
                ["part", "dialogue", "utterance", "status", "note"]
            ].to_numpy()
        ),
        notes=tuple(_notes(rows)),
    )
