"""Chunks of prepared features, each written once and completely.

A chunk is named by what it is made of, so whoever finds one can use it: the same command run again, after a
kill or on another machine that shares the folder.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.logmel import FrontEnd
from serenade.features.clips import Clip, Rendered, Row, render
from serenade.files import hash_of, write_whole

Version = tuple[int | str, ...]
"""What changes with the content of a file, such as its size and time of change."""

CLIPS_PER_CHUNK = 32
"""Small enough that an interruption costs seconds, large enough that the overhead is small."""

_LAYOUT = 1


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some clips and the file of their features.

    Attributes:
        key: SHA-256 of the clips' ids, sizes and times of change, the front end, variants, seed and trim.
        clips: the clips, in order.
        folder: folder of `{key}.npz`.
    """

    key: str
    clips: tuple[Clip, ...]
    folder: Path
    front_end: FrontEnd
    augment: int
    noisy: int
    seed: int
    trim: bool

    @property
    def file(self) -> Path:
        """The file of the chunk, which exists once the chunk is done."""
        return self.folder / f"{self.key}.npz"

    @property
    def done(self) -> bool:
        """Whether the file is complete: after a power failure it may be damaged."""
        try:
            with zipfile.ZipFile(self.file) as content:
                return content.testzip() is None
        except (OSError, zipfile.BadZipFile):
            return False

    def make(self) -> int:
        """Compute the features of every clip, write the chunk, and return the number of clips.

        Raises:
            OutputError: the folder cannot be written to.
        """
        return self.write(map(self.render, self.clips))

    def render(self, clip: Clip) -> list[Rendered]:
        """Compute the features of one clip, its variants and noisy copies."""
        rendered = render(
            clip,
            front_end=self.front_end,
            augment=self.augment,
            noisy=self.noisy,
            seed=self.seed,
            trim=self.trim,
        )
        return list(rendered)

    def write(self, rendered: Iterable[Sequence[Rendered]]) -> int:
        """Write the chunk from the features of its clips, in order, and return the number of clips.

        Raises:
            OutputError: the folder cannot be written to.
        """
        rows: list[dict[str, Any]] = []
        blocks = [np.empty((0, self.front_end.n_mels), np.float32)]
        for clip, results in zip(self.clips, rendered, strict=True):
            for row, frames in results:
                rows.append({"clip": clip.id, **row.to_dict()})
                blocks.append(frames)
        # Waiting for the disk after each chunk takes longer than computing it.
        with write_whole(self.file, "wb", durable=False) as out:
            text = np.frombuffer(json.dumps(rows).encode(), np.uint8)
            np.savez(out, rows=text, frames=np.concatenate(blocks))
        return len(self.clips)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield (id of the clip, row) for all rows of the written chunk, in order."""
        with np.load(self.file, allow_pickle=False) as content:
            rows = json.loads(content["rows"].tobytes())
        for row in rows:
            yield row.pop("clip"), Row(**row)

    def frames(self) -> NDArray[np.float32]:
        """Return the frames of the written chunk [shape=(frames, n_mels)]."""
        with np.load(self.file, allow_pickle=False) as content:
            frames: NDArray[np.float32] = content["frames"]
        return frames


def cut_into_chunks(
    clips: Sequence[Clip],
    *,
    folder: Path,
    front_end: FrontEnd,
    augment: int,
    noisy: int = 0,
    seed: int,
    trim: bool = False,
    versions: Mapping[str, Version] | None = None,
) -> list[Chunk]:
    """Cut clips into chunks of `CLIPS_PER_CHUNK`, in order.

    `versions` has the version of each file; None: they are files of this machine.
    """

    def version(file: str) -> Version:
        return version_of(file) if versions is None else versions[file]

    chunks = []
    for first in range(0, len(clips), CLIPS_PER_CHUNK):
        some = tuple(clips[first : first + CLIPS_PER_CHUNK])
        made_of = {
            "layout": _LAYOUT,
            "clips": [(clip.id, clip.start_s, clip.end_s, *version(clip.file)) for clip in some],
            "front_end": front_end.hash,
            "augment": augment,
            "seed": seed,
            "trim": trim,
            **({"noisy": noisy, "voices": [_voices(clip, version) for clip in some]} if noisy else {}),
        }
        chunks.append(
            Chunk(
                key=hash_of(made_of),
                clips=some,
                folder=folder,
                front_end=front_end,
                augment=augment,
                noisy=noisy,
                seed=seed,
                trim=trim,
            )
        )
    return chunks


def _voices(clip: Clip, version: Callable[[str], Version]) -> list[tuple[Any, ...]]:
    return [(voice.start_s, voice.end_s, *version(voice.file)) for voice in clip.voices]


def version_of(file: str) -> tuple[int, int]:
    """Return size and time of change of a file, (-1, -1) if it does not exist."""
    try:
        status = os.stat(file)
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns
