"""Chunks: the pieces that prepared features are made in, each written once and whole.

A chunk is named by what it is made of, so whoever finds one can use it: the same command run again, after a
kill or on another machine that shares the folder.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.logmel import FrontEnd
from serenade.features.clips import Clip, Row, render
from serenade.files import hash_of, write_whole

CLIPS_A_CHUNK = 32
"""Small enough that a kill loses seconds, large enough that files and messages cost nothing."""

_LAYOUT = 1


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A few clips and where their features go.

    Attributes:
        key: SHA-256 of the clips' ids, sizes and times of change, of the front end, variants, seed and trim.
        clips: in order.
        folder: where `{key}.npz` is written.
    """

    key: str
    clips: tuple[Clip, ...]
    folder: Path
    front_end: FrontEnd
    augment: int
    seed: int
    trim: bool

    @property
    def file(self) -> Path:
        """The chunk's file; it is there when the chunk is done."""
        return self.folder / f"{self.key}.npz"

    @property
    def done(self) -> bool:
        """Whether the file is there and whole: a loss of power may leave one without its bytes."""
        try:
            with zipfile.ZipFile(self.file) as content:
                return content.testzip() is None
        except (OSError, zipfile.BadZipFile):
            return False

    def make(self) -> int:
        """Render every clip and write the chunk; returns how many clips it has.

        Raises:
            OutputError: the folder cannot be written to.
        """
        rows: list[dict[str, Any]] = []
        blocks = [np.empty((0, self.front_end.n_mels), np.float32)]
        for clip in self.clips:
            rendered = render(
                clip, front_end=self.front_end, augment=self.augment, seed=self.seed, trim=self.trim
            )
            for row, frames in rendered:
                rows.append({"clip": clip.id, **row.to_dict()})
                blocks.append(frames)
        # To wait for the disk after each chunk takes longer than to make it.
        with write_whole(self.file, "wb", durable=False) as out:
            text = np.frombuffer(json.dumps(rows).encode(), np.uint8)
            np.savez(out, rows=text, frames=np.concatenate(blocks))
        return len(self.clips)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """(id of the clip, row) of everything in the written chunk, in order."""
        with np.load(self.file, allow_pickle=False) as content:
            told = json.loads(content["rows"].tobytes())
        for row in told:
            yield row.pop("clip"), Row(**row)

    def frames(self) -> NDArray[np.float32]:
        """The written chunk's frames, one after another [shape=(frames, n_mels)]."""
        with np.load(self.file, allow_pickle=False) as content:
            frames: NDArray[np.float32] = content["frames"]
        return frames


def cut_into_chunks(
    clips: Sequence[Clip], *, folder: Path, front_end: FrontEnd, augment: int, seed: int, trim: bool = False
) -> list[Chunk]:
    """Cut clips into chunks of `CLIPS_A_CHUNK`, in order."""
    chunks = []
    for first in range(0, len(clips), CLIPS_A_CHUNK):
        some = tuple(clips[first : first + CLIPS_A_CHUNK])
        made_of = {
            "layout": _LAYOUT,
            "clips": [(clip.id, clip.start_s, clip.end_s, *version_of(clip.file)) for clip in some],
            "front_end": front_end.hash,
            "augment": augment,
            "seed": seed,
            "trim": trim,
        }
        chunks.append(
            Chunk(
                key=hash_of(made_of),
                clips=some,
                folder=folder,
                front_end=front_end,
                augment=augment,
                seed=seed,
                trim=trim,
            )
        )
    return chunks


def version_of(file: str) -> tuple[int, int]:
    """Size and time of change of a file, (-1, -1) where there is none."""
    try:
        status = os.stat(file)
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns
