"""Any sound file to mono float32 of one rate: whole, or in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.audio.downmix import Downmix
from serenade.audio.readers import open_source
from serenade.audio.sources import Media, Pieces, Source, in_pieces
from serenade.errors import UnsupportedMedia

_LARGEST = 1e9
"""Samples beyond this (float formats have no limit) come from damaged files; their squares would overflow."""
_LATEST_S = 1e7
"""A start behind this, 115 days, is behind the end of any recording; FFmpeg takes no larger one."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A decoded file.

    Attributes:
        samples: mono, float32, full scale 1 [shape=(n,)].
        rate_hz: rate of `samples`.
        source_rate_hz: rate that the file was decoded at; Opus is always 48,000.
        channels: number of channels in the file.
        track: number of the audio track that was decoded, from 1.
        tracks: number of audio tracks in the file.
        truncated: whether sound is missing at the end of the file.
        warnings: what a user should know, a sentence each: that the file is truncated and what shows it, that
            damaged packets were skipped, a silent track passed over, or an inverted channel inverted again.
    """

    samples: NDArray[np.float32]
    rate_hz: int
    source_rate_hz: int
    channels: int
    track: int = 1
    tracks: int = 1
    truncated: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """What is known of a file without decoding it.

    Attributes:
        duration_s: length in seconds as stated; counted in packets where the file does not state it.
        rate_hz: samples per second.
        channels: number of channels.
        codec: names of format and codec.
        track: number of the audio track that `decode` takes, from 1.
        tracks: number of audio tracks.
        truncated: whether the header states more sound than the file holds.
        warnings: as in `Sound`, as far as it is known.
    """

    duration_s: float
    rate_hz: int
    channels: int
    codec: str
    track: int = 1
    tracks: int = 1
    truncated: bool = False
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All fields by name."""
        return asdict(self)


def decode(
    file: Media,
    *,
    rate_hz: int | None = None,
    start_s: float = 0.0,
    duration_s: float | None = None,
    track: int | None = None,
) -> Sound:
    """Read a file, or a part of it, as mono sound.

    libsndfile reads WAV, FLAC, Ogg and others, FFmpeg's libraries (PyAV) the rest. Channels are mixed by
    `serenade.audio.downmix.Downmix`. soxr (HQ) resamples a stream: the whole equals the joined `blocks`.
    What can be decoded of a damaged or truncated file is returned, with a warning.

    Args:
        file: path of a sound or video file, an open binary file that can seek, or the bytes of a file.
        rate_hz: rate to resample to; None for the file's own.
        start_s: where to begin, reached by seeking where the format allows.
        duration_s: how much to read; None for all. Nothing is added after the end of the file.
        track: number of the audio track, from 1; None for the first that is not silent.

    Raises:
        UnsupportedMedia: it cannot be read as sound, holds NaN, or no samples at all.

    >>> decode("notes.txt")
    Traceback (most recent call last):
        ...
    serenade.errors.UnsupportedMedia: notes.txt: there is no such file; check the path
    """
    parts = Blocks(file, rate_hz=rate_hz, start_s=start_s, duration_s=duration_s, track=track)
    samples = np.concatenate(list(parts))
    return Sound(
        samples=samples,
        rate_hz=parts.rate_hz,
        source_rate_hz=parts.source_rate_hz,
        channels=parts.channels,
        track=parts.track,
        tracks=parts.tracks,
        truncated=parts.truncated,
        warnings=parts.warnings,
    )


def blocks(file: Media, *, rate_hz: int, block_s: float, track: int | None = None) -> Blocks:
    """Read a file of any length block by block, in constant memory.

    Args:
        file: as for `decode`.
        rate_hz: rate to resample to.
        block_s: length of a block; the last one may be shorter.
        track: as for `decode`.

    Returns:
        An iterator over mono float32 [shape=(round(block_s * rate_hz),)].

    Raises:
        UnsupportedMedia: as `decode`, here or while it is read.
    """
    return Blocks(file, rate_hz=rate_hz, block_s=block_s, track=track)


class Blocks(Iterator[NDArray[np.float32]]):
    """The blocks of a recording, and what is known of it; see `blocks`.

    Attributes:
        rate_hz: rate of the blocks.
        source_rate_hz: as in `Sound`.
        channels: as in `Sound`.
        track: as in `Sound`.
        tracks: as in `Sound`.
        truncated: as in `Sound`; final after the last block.
        warnings: as in `Sound`; final after the last block.
    """

    def __init__(
        self,
        file: Media,
        *,
        rate_hz: int | None = None,
        block_s: float | None = None,
        start_s: float = 0.0,
        duration_s: float | None = None,
        track: int | None = None,
    ) -> None:
        self._file = file if isinstance(file, (str, Path)) else None
        self._open = ExitStack()
        self._source = self._open.enter_context(open_source(file, track=track))
        self._mix = Downmix()
        self._complete = False
        self.source_rate_hz = self._source.rate_hz
        self.rate_hz = rate_hz or self.source_rate_hz
        self.track, self.tracks = self._source.track, self._source.tracks
        size = None if block_s is None else max(1, round(block_s * self.rate_hz))
        count = None if duration_s is None else max(1, round(duration_s * self.source_rate_hz))
        parts = _resampled(self._mono(min(start_s, _LATEST_S), count), self.source_rate_hz, self.rate_hz)
        self._blocks = self._checked(parts if size is None else in_pieces(parts, size), start_s)

    def __next__(self) -> NDArray[np.float32]:
        return next(self._blocks)

    @property
    def channels(self) -> int:
        """Number of channels in the file."""
        return self._source.channels

    @property
    def truncated(self) -> bool:
        """Whether sound is missing at the end of what was read."""
        return bool(self._source.truncation) and not self._complete

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know, a sentence each."""
        return _warnings(self._source, truncated=self.truncated, inverted=self._mix.inverted)

    def _checked(self, parts: Pieces, start_s: float) -> Pieces:
        """Pass the blocks on, close the file after the last, and see that there is at least one."""
        empty = True
        with self._open:
            for part in parts:
                empty = empty and not len(part)
                yield part
        if empty:
            where = f"holds no sound after {start_s:g} s" if start_s else "holds no sound (0 samples)"
            why = f": {self._source.truncation}" if self._source.truncation else ""
            raise UnsupportedMedia(f"{where}{why}; check the recording", file=self._file)

    def _mono(self, start_s: float, count: int | None) -> Pieces:
        """Check, mix down, and stop after `count` samples."""
        for number, piece in enumerate(self._source.pieces(start_s)):
            if number == 0:  # FFmpeg knows the layout only now
                self._mix = Downmix(self._source.layout)
            taken = piece if count is None else piece[:count]
            # False for NaN as well.
            if not np.abs(taken).max(initial=0.0) <= _LARGEST:
                raise UnsupportedMedia(
                    "holds samples that are not numbers (NaN or Inf) or beyond any scale; export it again",
                    file=self._file,
                )
            yield self._mix(taken)
            if count is not None:
                count -= len(taken)
                if count <= 0:
                    self._complete = True
                    return


def probe(file: Media, *, track: int | None = None) -> MediaInfo:
    """Duration, rate, channels and codec of a file, without decoding it.

    Args:
        file: as for `decode`.
        track: as for `decode`.

    Raises:
        UnsupportedMedia: it cannot be opened as sound.
    """
    with open_source(file, track=track) as source:
        return MediaInfo(
            duration_s=source.duration_s(),
            rate_hz=source.rate_hz,
            channels=source.channels,
            codec=source.codec,
            track=source.track,
            tracks=source.tracks,
            truncated=bool(source.truncation),
            warnings=_warnings(source, truncated=bool(source.truncation)),
        )


def _warnings(source: Source, *, truncated: bool, inverted: Iterable[int] = ()) -> tuple[str, ...]:
    warnings = [f"the file is cut short: {source.truncation}"] if truncated else []
    warnings += source.notes
    warnings += [
        f"channel {channel} is inverted; its sign was changed before mixing" for channel in sorted(inverted)
    ]
    return tuple(warnings)


def _resampled(pieces: Pieces, source_hz: int, target_hz: int) -> Pieces:
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
