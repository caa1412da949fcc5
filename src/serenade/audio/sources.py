"""What a decoder offers, whichever library it uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

Media = str | Path | BinaryIO | bytes
"""A path, a binary file that can seek, or the content of a file."""

Pieces = Iterator[NDArray[np.float32]]


class Source(Protocol):
    """An opened sound file.

    Attributes:
        rate_hz: samples per second.
        channels: number of channels.
        layout: names of the channels if the file declares them, else None.
        codec: names of format and codec.
        track: number of the audio track, from 1.
        tracks: number of audio tracks.
        truncation: what shows that sound is missing at the end, or "". Final when all pieces are read.
        notes: what else a user should know of the decoding. Final when all pieces are read.
    """

    rate_hz: int
    channels: int
    layout: tuple[str, ...] | None
    codec: str
    track: int
    tracks: int
    truncation: str
    notes: list[str]

    def duration_s(self) -> float:
        """Length in seconds. If the file does not state it, the packets are counted, and none is left."""
        ...

    def pieces(self, start_s: float) -> Pieces:
        """Samples from `start_s` to the end [shape=(n, channels)], n = `piece_size` but for the last piece.

        The start is exact to a sample in libsndfile, to the container's clock (WebM: 1 ms) in FFmpeg.
        """
        ...

    def close(self) -> None:
        """Close the decoder, not the file."""
        ...


def piece_size(channels: int) -> int:
    """Number of samples in a piece: 2.7 s of mono or stereo at 48 kHz, fewer for many channels.

    >>> piece_size(2), piece_size(8)
    (131072, 32768)
    """
    return max(1, (1 << 18) // max(2, channels))


def in_pieces(parts: Pieces, size: int) -> Pieces:
    """Cut a stream of arrays anew, each `size` long but for the last.

    >>> [len(piece) for piece in in_pieces(iter([np.zeros(3), np.zeros(4)]), 5)]
    [5, 2]
    """
    held: list[NDArray[np.float32]] = []
    count = 0
    for part in parts:
        held.append(part)
        count += len(part)
        if count >= size:
            joined = np.concatenate(held)
            whole = count - count % size
            for start in range(0, whole, size):
                yield joined[start : start + size].copy()
            held, count = [joined[whole:].copy()], count - whole
    if count:
        yield np.concatenate(held)
