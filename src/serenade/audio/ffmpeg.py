"""Reads the sound of any file that FFmpeg's libraries know, through PyAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from serenade.audio.containers import Container
from serenade.audio.level import SILENCE_DBFS, level_dbfs
from serenade.audio.sources import Pieces, in_pieces, piece_size
from serenade.errors import UnsupportedMedia

_PREROLL_S = 0.5  # decoded before the target of a seek, for codecs that depend on what went before
_GAP_S = 0.1  # time stamps may jitter
_LEAST_SOUND_S = 0.1
_SEARCHED_S = 600.0
"""How much of a silent first track is decoded before another track is chosen."""

_STATES_LENGTH = frozenset(
    ["aiff", "ape", "asf", "au", "avi", "caf", "flac", "flv", "matroska", "mov", "ogg", "tta", "w64", "wav"]
)
"""Formats whose header states the length. In others FFmpeg guesses it from the bit rate."""

_MP3_KBIT = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),  # MPEG 2 and 2.5
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),  # MPEG 1
)


class FFmpegSource:
    """One audio track; a `serenade.audio.sources.Source`.

    Args:
        path: of the file, for messages; None if it has none.
        file: open for reading, seekable.
        container: its `inspect_container`.
        track: number of the audio track, from 1; None for the first that has sound.

    Raises:
        UnsupportedMedia: it is not sound, has no such track, or no decoder knows its codec.
    """

    def __init__(
        self, path: str | Path | None, file: BinaryIO, container: Container, *, track: int | None
    ) -> None:
        self._path = path
        self.truncation, self.notes = container.truncation, container.notes
        self._mp3_states_length = container.states_length
        self._container = _open(path, file)
        try:
            self.tracks = len(self._container.streams.audio)
            if not self.tracks:
                raise UnsupportedMedia(_no_sound(self._container.format.name), file=path)
            if track is None and self.tracks > 1:
                track = _first_with_sound(self._container)
                if track != 1:
                    self.notes.append(
                        f"audio track 1 is silent or unreadable; track {track} of {self.tracks} was decoded"
                    )
                self._container.close()
                self._container = _open(path, file)
            self.track = track or 1
            self._use(self.track)
        except BaseException:
            self._container.close()
            raise

    def _use(self, track: int) -> None:
        if not 1 <= track <= self.tracks:
            raise UnsupportedMedia(
                f"has no audio track {track}; it has {self.tracks}, numbered from 1", file=self._path
            )
        self._stream = self._container.streams.audio[track - 1]
        if self._stream.codec_context is None:
            raise UnsupportedMedia("is in a codec that no decoder knows; convert it to WAV", file=self._path)
        self.rate_hz = int(self._stream.rate or 0)
        self.channels = int(self._stream.channels or 0)
        if not (self.rate_hz and self.channels):
            raise UnsupportedMedia("has a damaged sound stream; copy or record it again", file=self._path)
        self.layout = _declared(self._stream.layout)
        self._format = self._container.format.name.split(",")[0]
        self._states_length = self._format in _STATES_LENGTH or self._mp3_states_length
        self.codec = f"{self._format} {self._stream.codec_context.name}"

    def duration_s(self) -> float:
        """See `Source`."""
        if self._states_length:
            if (self._stream.duration or 0) > 0:
                return float(self._stream.duration * self._stream.time_base)
            if (self._container.duration or 0) > 0:
                return float(self._container.duration / av.time_base)
        ticks = 0
        with suppress(av.FFmpegError):  # where the file breaks off
            for packet in _packets(self._container, self._stream):
                ticks += packet.duration or 0
        return float(ticks * self._stream.time_base)

    def pieces(self, start_s: float) -> Pieces:
        """See `Source`."""
        return in_pieces(self._parts(start_s), piece_size(self.channels))

    def _parts(self, start_s: float) -> Pieces:
        """Frame by frame from `start_s`; damaged packets are skipped and counted."""
        stream, base = self._stream, self._stream.time_base
        # Below 0 lies what the codec needs to warm up, and the decoder removes that.
        origin_s = max(0.0, float((stream.start_time or 0) * base))
        if start_s > _PREROLL_S and self._format in _STATES_LENGTH | {"mp3"}:
            with suppress(av.FFmpegError):  # then it is decoded from the beginning
                self._container.seek(int((origin_s + start_s - _PREROLL_S) / base), stream=stream)
        convert: _Converter | None = None
        damaged, last, end_s, missing_s = 0, b"", 0.0, 0.0
        try:
            for packet in _packets(self._container, stream):
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    damaged += packet.size > 0
                    frames = []
                if packet.size:
                    last = bytes(packet) if frames else b""
                for frame in frames:
                    at_s = end_s if frame.pts is None else float(frame.pts * base) - origin_s
                    if convert is None:
                        # Only decoding shows the channels: HE-AAC may state one and have two.
                        self.channels, self.layout = frame.layout.nb_channels, _declared(frame.layout)
                        convert = _Converter(self.rate_hz, frame.layout)
                    elif at_s > end_s + _GAP_S:
                        missing_s += at_s - end_s
                    end_s = at_s + frame.samples / (frame.sample_rate or self.rate_hz)
                    skip = max(0, round((start_s - at_s) * self.rate_hz))
                    for samples in convert(frame):
                        yield samples[skip:]
                        skip = max(0, skip - len(samples))
        except av.FFmpegError:
            self.truncation = self.truncation or f"it breaks off after {end_s:.1f} s"
        if convert is not None:
            yield from convert.rest()
        if damaged:
            self.notes.append(f"{damaged} damaged packet{'s' * (damaged > 1)} skipped")
        if missing_s:
            self.notes.append(f"{missing_s:.2f} s are missing between packets")
        self._check_end(end_s, last)

    def _check_end(self, end_s: float, last: bytes) -> None:
        """Note a last packet that is incomplete, or an end far before the one that is stated."""
        if self.truncation:
            return
        stated_s = float((self._stream.duration or 0) * self._stream.time_base)
        if not last or (self._format == "mp3" and _mp3_frame_size(last) > len(last)):
            self.truncation = "its last packet is incomplete"
        elif self._states_length and end_s < 0.9 * stated_s - 0.5:
            self.truncation = f"it holds {end_s:.2f} of the {stated_s:.2f} s that its header states"

    def close(self) -> None:
        """See `Source`."""
        self._container.close()


class _Converter:
    """Frames of any format to float32 [shape=(n, channels)] of one rate and layout."""

    def __init__(self, rate_hz: int, layout: Any) -> None:
        self._rate_hz, self._layout, self._channels = rate_hz, layout, int(layout.nb_channels)
        self._kind: tuple[Any, ...] | None = None
        self._resampler: Any = None

    def __call__(self, frame: Any) -> list[NDArray[np.float32]]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        before = []
        if kind != self._kind:  # the first frame, or another programme in the same stream
            before, self._kind, self._resampler = self.rest(), kind, None
            # PyAV 18 reads beyond the planes of a planar frame of eight channels, and crashes.
            planes = self._channels if frame.format.is_planar else 1
            has_array = frame.format.name.rstrip("p") != "s64"  # PyAV makes none of it
            if kind[1:] != (self._layout.name, self._rate_hz) or planes >= 8 or not has_array:
                self._resampler = av.AudioResampler(format="flt", layout=self._layout, rate=self._rate_hz)
        frames = [frame] if self._resampler is None else self._resampler.resample(frame)
        return [*before, *map(self._samples, frames)]

    def rest(self) -> list[NDArray[np.float32]]:
        """What is left in the resampler; it is not used again."""
        frames: list[Any] = []
        with suppress(av.FFmpegError):  # a resampler that got nothing has no rest
            frames = [] if self._resampler is None else self._resampler.resample(None)
        return [self._samples(frame) for frame in frames]

    def _samples(self, frame: Any) -> NDArray[np.float32]:
        samples: NDArray[Any] = frame.to_ndarray()
        samples = samples.T if frame.format.is_planar else samples.reshape(-1, self._channels)
        if samples.dtype.kind == "f":
            return samples.astype(np.float32)
        full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
        middle = full_scale if samples.dtype.kind == "u" else 0.0
        return ((samples - middle) / full_scale).astype(np.float32)


def layout_of(file: BinaryIO) -> tuple[str, ...] | None:
    """Names of the channels of the first audio track, None if the file does not declare them.

    WAV does in the mask of WAVE_FORMAT_EXTENSIBLE only; FLAC, AAC, AC-3, Vorbis and Opus always do.
    """
    position = file.tell()
    file.seek(0)
    try:
        with _open(None, file) as container:
            streams = container.streams.audio
            return _declared(streams[0].layout) if streams and streams[0].codec_context else None
    except UnsupportedMedia:
        return None
    finally:
        file.seek(position)


class _Clamped:
    """A file object that FFmpeg may seek in: damaged files make it seek to where no object goes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.read, self.tell = file, file.read, file.tell
        self._size = file.seek(0, os.SEEK_END)
        file.seek(0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._size}[whence]
        return self._file.seek(min(max(0, start + offset), self._size))


def _open(path: str | Path | None, file: BinaryIO) -> Any:
    name = "" if path is None else os.fspath(path)
    by_name = name and name.isprintable() and name.encode(errors="replace").decode() == name
    try:
        # A playlist must not make us fetch anything, and a tag in another encoding is no reason to fail.
        return av.open(
            f"file:{name}" if by_name else _Clamped(file),
            options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except av.FFmpegError as cause:
        raise UnsupportedMedia(
            "cannot be decoded as sound; it is damaged, cut short, or not a sound file", file=path
        ) from cause


def _packets(container: Any, *streams: Any) -> Iterator[Any]:
    # PyAV 18 fails at the end of a file in which more streams appeared than it began with.
    with suppress(IndexError):
        yield from container.demux(*streams)


def _declared(layout: Any) -> tuple[str, ...] | None:
    names = tuple(str(channel.name) for channel in layout.channels)
    return None if "NONE" in names else names


def _first_with_sound(container: Any) -> int:
    """Number of the first track with at least 0.1 s of sound; else of the one with the most."""
    streams = container.streams.audio
    playable = [stream for stream in streams if stream.codec_context is not None]
    sound_s = dict.fromkeys((stream.index for stream in playable), 0.0)
    searched_s = 0.0
    with suppress(av.FFmpegError):  # where the file breaks off
        for packet in _packets(container, *playable):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            index = packet.stream.index
            for frame in frames:
                length_s = frame.samples / (frame.sample_rate or 1)
                searched_s += length_s * (index == playable[0].index)
                samples = np.concatenate(_Converter(frame.sample_rate, frame.layout)(frame))
                sound_s[index] += length_s * (level_dbfs(samples.reshape(-1)) > SILENCE_DBFS)
            found = [sound_s[stream.index] >= _LEAST_SOUND_S for stream in playable]
            if found[0] or (searched_s > _SEARCHED_S and any(found)):
                break
    chosen = max(playable, key=lambda stream: min(sound_s[stream.index], _LEAST_SOUND_S), default=streams[0])
    return 1 + int(streams.index(chosen))


def _mp3_frame_size(packet: bytes) -> int:
    """Bytes of an MPEG layer III frame by its header; 0 if the header is of something else."""
    if len(packet) < 4 or packet[1] & 0x06 != 0x02:
        return 0
    version = packet[1] >> 3 & 3  # 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
    kbit = _MP3_KBIT[version == 3][packet[2] >> 4]
    rate_hz = (44_100, 48_000, 32_000, 0)[packet[2] >> 2 & 3] >> {3: 0, 2: 1, 0: 2, 1: 0}[version]
    if not kbit or not rate_hz:
        return 0
    return (144_000 if version == 3 else 72_000) * kbit // rate_hz + (packet[2] >> 1 & 1)


def _no_sound(format_name: str) -> str:
    still = format_name.endswith("_pipe") or format_name in ("tty", "image2", "ico")
    return "is not a sound file" if still else "holds no sound, only pictures or data"
