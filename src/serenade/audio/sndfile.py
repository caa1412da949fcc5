"""Reads WAV, FLAC, Ogg and others through libsndfile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from serenade.audio.containers import Container, Patched
from serenade.audio.sources import Pieces, piece_size
from serenade.errors import UnsupportedMedia

_UNKNOWN_FRAMES = 1 << 62
_TOLERANCE_S = 0.05


class SndfileSource:
    """A `serenade.audio.sources.Source`.

    Args:
        path: of the file; None if it has none.
        file: open for reading, seekable.
        container: its `inspect_container`.

    Raises:
        soundfile.LibsndfileError: libsndfile cannot read it.
    """

    def __init__(self, path: str | Path | None, file: BinaryIO, container: Container) -> None:
        self._path, self._object, self._container = path, file, container
        # By path it is faster, but soundfile takes a path that ends in ".raw" for samples without a header.
        if path is None or container.patches or str(path).lower().endswith(".raw"):
            self._file = soundfile.SoundFile(Patched(file, container.patches))
        else:
            self._file = soundfile.SoundFile(os.fsencode(path))
        self.rate_hz = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.layout: tuple[str, ...] | None = None
        self.codec = f"{self._file.format} {self._file.subtype}"
        self.track = self.tracks = 1
        self.truncation = container.truncation
        self.notes = container.notes

    def is_reliable(self) -> bool:
        """Whether libsndfile reads all of this file.

        It cannot read FLAC of unstated length, finds no sound in some damaged files, gives the surround
        channels of Ogg in another order than that of WAV, and leaves out frames of MP3 (see `Container`).
        """
        if self._file.format == "MP3" or (self._file.format == "OGG" and self.channels > 2):
            return False
        if self._file.frames == 0:
            return self._file.format in ("WAV", "WAVEX", "RF64")
        return int(self._file.frames) < _UNKNOWN_FRAMES

    def duration_s(self) -> float:
        """As the header states it."""
        return float(self._file.frames / self.rate_hz)

    def pieces(self, start_s: float) -> Pieces:
        """See `Source`."""
        size, frames = piece_size(self.channels), int(self._file.frames)
        position = min(round(start_s * self.rate_hz), frames)
        try:
            if position:
                self._file.seek(position)
            piece: NDArray[np.float32] | None = None
            while piece is None or len(piece) == size:
                piece = self._file.read(size, dtype="float32", always_2d=True)
                position += len(piece)
                if len(piece):
                    yield piece
        except soundfile.LibsndfileError:
            for piece in self._rest(position):
                position += len(piece)
                yield piece
        if not self.truncation and position < frames - _TOLERANCE_S * self.rate_hz:
            held_s, stated_s = position / self.rate_hz, frames / self.rate_hz
            self.truncation = f"it holds {held_s:.2f} of the {stated_s:.2f} s that its header states"

    def _rest(self, position: int) -> Pieces:
        """What FFmpeg can decode after libsndfile has given up."""
        from serenade.audio.ffmpeg import FFmpegSource

        try:
            source = FFmpegSource(self._path, self._object, self._container, track=None)
        except UnsupportedMedia:
            return
        try:
            yield from source.pieces(position / self.rate_hz)
        finally:
            source.close()
        self.truncation = source.truncation
        self.notes += [note for note in source.notes if note not in self.notes]

    def close(self) -> None:
        """See `Source`."""
        self._file.close()
