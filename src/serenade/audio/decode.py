"""Any sound file to mono float32 at a rate: whole, in blocks, or only its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.found import SUFFIXES, find_audio, is_lfs_pointer
from serenade.audio.readers import open_source
from serenade.errors import UnsupportedMedia

__all__ = [
    "SUFFIXES",
    "MediaInfo",
    "Sound",
    "blocks",
    "decode",
    "downmix",
    "find_audio",
    "is_lfs_pointer",
    "probe",
]

# ITU-R BS.775 to one channel, in WAV's order (L R C LFE Ls Rs ...): front pair -3 dB, rest -6 dB, no LFE.
_SURROUND = {
    5: (0.7071, 0.7071, 1.0, 0.5, 0.5),
    6: (0.7071, 0.7071, 1.0, 0.0, 0.5, 0.5),
    8: (0.7071, 0.7071, 1.0, 0.0, 0.5, 0.5, 0.5, 0.5),
}


@dataclass(frozen=True)
class Sound:
    """A decoded file.

    Attributes:
        samples: mono, float32, full scale 1 [shape=(n,)].
        rate_hz: rate of `samples`.
        source_rate_hz: rate that the file was decoded at; Opus is always 48,000.
        channels: number of channels in the file.
    """

    samples: NDArray[np.float32]
    rate_hz: int
    source_rate_hz: int
    channels: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True)
class MediaInfo:
    """What a file says of itself; `duration_s` is None where it does not say."""

    duration_s: float | None
    rate_hz: int
    channels: int
    codec: str

    def to_dict(self) -> dict[str, Any]:
        """All fields by name."""
        return asdict(self)


def decode(
    file: str | Path, *, rate_hz: int | None = None, start_s: float = 0.0, duration_s: float | None = None
) -> Sound:
    """Read a file, or a part of it, as mono sound.

    libsndfile reads WAV, FLAC, MP3, Ogg and kin, FFmpeg's libraries (PyAV) the rest. Stereo is averaged; see
    `downmix` for surround. Resampling is soxr's HQ, as it goes along: the whole equals the joined `blocks`.

    Args:
        file: path of a sound or video file.
        rate_hz: rate to resample to; None for the file's own.
        start_s: where to begin, reached by seeking where the format allows.
        duration_s: how much to read; None for all. What lies behind the end is not made up.

    Raises:
        UnsupportedMedia: it cannot be read as sound, breaks off, holds NaN or no samples at all.

    >>> decode("notes.txt")
    Traceback (most recent call last):
        ...
    serenade.errors.UnsupportedMedia: notes.txt: there is no such file; check the path
    """
    with open_source(file) as source:
        rate_hz = rate_hz or source.rate_hz
        pieces = _mono(file, source.pieces(start_s), _count(duration_s, source.rate_hz))
        parts = list(_resampled(pieces, source.rate_hz, rate_hz))
        samples = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
        if not len(samples):
            where = f"holds no sound after {start_s:g} s" if start_s else "holds no sound (0 samples)"
            raise UnsupportedMedia(f"{where}; check the recording", file=file)
        return Sound(samples, rate_hz, source.rate_hz, source.channels)


def blocks(file: str | Path, *, rate_hz: int, block_s: float) -> Iterator[NDArray[np.float32]]:
    """Read a file of any length block by block, in constant memory.

    Args:
        file: path of a sound or video file.
        rate_hz: rate to resample to.
        block_s: length of a block; the last one may be shorter.

    Yields:
        Mono float32 [shape=(round(block_s * rate_hz),)].

    Raises:
        UnsupportedMedia: as `decode`.
    """
    size = max(1, round(block_s * rate_hz))
    held: list[NDArray[np.float32]] = []
    count = total = 0
    with open_source(file) as source:
        for part in _resampled(_mono(file, source.pieces(0.0), None), source.rate_hz, rate_hz):
            held.append(part)
            count += len(part)
            total += len(part)
            if count >= size:
                joined = np.concatenate(held)
                whole = count - count % size
                for start in range(0, whole, size):
                    yield joined[start : start + size].copy()
                held, count = [joined[whole:].copy()], count - whole
    if count:
        yield np.concatenate(held)
    if not total:
        raise UnsupportedMedia("holds no sound (0 samples); check the recording", file=file)


def probe(file: str | Path) -> MediaInfo:
    """Duration, rate, channels and codec of a file, without decoding it.

    Raises:
        UnsupportedMedia: it cannot be opened as sound.
    """
    with open_source(file) as source:
        return MediaInfo(source.duration_s, source.rate_hz, source.channels, source.codec)


def downmix(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Many channels to one: the mean, or for surround the weights of ITU-R BS.775, divided by their sum.

    Args:
        samples: [shape=(n, channels)], channels in WAV's order. In 5.1 the centre, where film speech is, has
            most weight, and the low-frequency channel none.

    Returns:
        [shape=(n,)].

    >>> downmix(np.array([[1.0, 0.0]], dtype=np.float32))
    array([0.5], dtype=float32)
    """
    channels = samples.shape[1]
    if channels == 1:
        return np.ascontiguousarray(samples[:, 0])
    weights = np.array(_SURROUND.get(channels, (1.0,) * channels))
    mixed: NDArray[np.float32] = samples @ (weights / weights.sum()).astype(np.float32)
    return mixed


def _count(duration_s: float | None, rate_hz: int) -> int | None:
    return None if duration_s is None else max(1, round(duration_s * rate_hz))


def _mono(
    file: str | Path, pieces: Iterator[NDArray[np.float32]], count: int | None
) -> Iterator[NDArray[np.float32]]:
    """Mix down, check, and stop after `count` samples."""
    for piece in pieces:
        mono = downmix(piece if count is None else piece[:count])
        if not np.isfinite(mono).all():
            raise UnsupportedMedia(
                "holds samples that are not numbers (NaN or Inf); export it again", file=file
            )
        yield mono
        if count is not None:
            count -= len(mono)
            if count <= 0:
                return


def _resampled(
    pieces: Iterator[NDArray[np.float32]], source_hz: int, target_hz: int
) -> Iterator[NDArray[np.float32]]:
    if source_hz == target_hz:
        yield from pieces
        return
    import soxr

    stream = soxr.ResampleStream(source_hz, target_hz, 1, dtype="float32", quality="HQ")
    some = False
    for piece in pieces:
        some = True
        yield stream.resample_chunk(piece)
    if some:
        yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
