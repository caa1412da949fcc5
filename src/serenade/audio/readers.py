"""Two ways to open a sound file: libsndfile, and FFmpeg's libraries (PyAV) for what libsndfile refuses.

Both give the same thing, a `Source`: its numbers, and pieces of float32 [shape=(n, channels)] on demand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from serenade.audio.found import LFS_HEAD
from serenade.errors import UnsupportedMedia

_PIECE = 1 << 17  # frames read at once, 2.7 s at 48 kHz
_PREROLL_S = 0.5  # decoded before a seek's target, for codecs that lean on what went before


class Source(Protocol):
    """An opened sound file."""

    rate_hz: int
    channels: int
    codec: str
    duration_s: float | None

    def pieces(self, start_s: float) -> Iterator[NDArray[np.float32]]:
        """Samples from `start_s` to the end, a few seconds at a time [shape=(n, channels)].

        The start is exact to a sample in libsndfile, to the container's clock (WebM: 1 ms) in FFmpeg.
        """

    def close(self) -> None:
        """Let go of the file."""


def open_source(file: str | Path) -> closing[Source]:
    """Open a sound file of any kind.

    Raises:
        UnsupportedMedia: it is missing, a folder, empty, a Git LFS pointer, or not sound.
    """
    path = Path(file)
    try:
        with open(path, "rb", buffering=0) as handle:
            head = handle.read(len(LFS_HEAD))
    except IsADirectoryError as cause:
        raise UnsupportedMedia(
            "is a folder, and a sound file is needed; name a file in it", file=path
        ) from cause
    except FileNotFoundError as cause:
        raise UnsupportedMedia("there is no such file; check the path", file=path) from cause
    except OSError as cause:
        raise UnsupportedMedia(
            f"cannot be opened: {cause.strerror}; check its permissions", file=path
        ) from cause
    if not head:
        raise UnsupportedMedia("is empty (0 bytes); copy or record it again", file=path)
    if head == LFS_HEAD:
        raise UnsupportedMedia(
            "is a Git LFS pointer, not the recording; run `git lfs pull` in its repository", file=path
        )
    import soundfile

    try:
        source: Source = _SndfileSource(path)
    except soundfile.LibsndfileError:
        return closing(_AvSource(path))
    if source.channels > 2 and source.codec.startswith("OGG"):
        # Vorbis and Opus order surround channels in their own way; FFmpeg puts them as WAV does.
        source.close()
        return closing(_AvSource(path))
    return closing(source)


class _SndfileSource:
    """WAV, FLAC, MP3, Ogg and kin through libsndfile."""

    def __init__(self, path: Path) -> None:
        import soundfile

        self._path = path
        self._file = soundfile.SoundFile(str(path))
        self.rate_hz = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.codec = f"{self._file.format} {self._file.subtype}"
        self.duration_s: float | None = self._file.frames / self.rate_hz

    def pieces(self, start_s: float) -> Iterator[NDArray[np.float32]]:
        import soundfile

        try:
            if start_s:
                self._file.seek(min(round(start_s * self.rate_hz), self._file.frames))
            piece: NDArray[np.float32] | None = None
            while piece is None or len(piece) == _PIECE:
                piece = self._file.read(_PIECE, dtype="float32", always_2d=True)
                if len(piece):
                    yield piece
        except soundfile.LibsndfileError as cause:
            raise UnsupportedMedia(f"breaks off: {cause}; copy it again", file=self._path) from cause

    def close(self) -> None:
        self._file.close()


class _AvSource:
    """The first sound stream of what FFmpeg's libraries can open."""

    def __init__(self, path: Path) -> None:
        import av

        self._path = path
        try:
            # A playlist must not make us fetch anything: local files only.
            self._container: Any = av.open(str(path), options={"protocol_whitelist": "file"})
        except av.FFmpegError as cause:
            raise UnsupportedMedia(
                "cannot be read as sound; it is damaged, cut short, or no sound file", file=path
            ) from cause
        if not self._container.streams.audio:
            name = self._container.format.name
            self._container.close()
            still = name.endswith("_pipe") or name in ("tty", "image2", "ico")
            raise UnsupportedMedia(
                "is not a sound file" if still else "holds no sound, only pictures or data", file=path
            )
        self._stream = self._container.streams.audio[0]
        if self._stream.codec_context is None:
            self._container.close()
            raise UnsupportedMedia("cannot be read as sound; no decoder knows its codec", file=path)
        self.rate_hz = int(self._stream.rate or 0)
        self.channels = int(self._stream.channels or 0)
        self.codec = f"{self._container.format.name.split(',')[0]} {self._stream.codec_context.name}"
        self.duration_s: float | None = None
        if self._stream.duration:
            self.duration_s = float(self._stream.duration * self._stream.time_base)
        elif self._container.duration:
            self.duration_s = self._container.duration / 1e6
        if not (self.rate_hz and self.channels):
            self._container.close()
            raise UnsupportedMedia("cannot be read as sound; its sound stream is damaged", file=path)

    def pieces(self, start_s: float) -> Iterator[NDArray[np.float32]]:
        import av

        base = self._stream.time_base
        # Below 0 lies what the codec needs to warm up, and the decoder cuts that off.
        origin = max(0.0, float((self._stream.start_time or 0) * base))
        if start_s > _PREROLL_S:
            self._container.seek(int((origin + start_s - _PREROLL_S) / base), stream=self._stream)
        plain = av.AudioResampler(format="fltp", rate=self.rate_hz)
        held: list[NDArray[np.float32]] = []
        end_s = 0.0
        try:
            for frame in self._container.decode(self._stream):
                at_s = end_s if frame.pts is None else float(frame.pts * base) - origin
                end_s = at_s + frame.samples / self.rate_hz
                skip = max(0, round((start_s - at_s) * self.rate_hz))
                for part in plain.resample(frame):
                    samples = np.asarray(part.to_ndarray().T, dtype=np.float32)
                    held.append(samples[skip:])
                    skip = max(0, skip - len(samples))
                # Packets are 20 ms; the steps that follow have a cost for each piece.
                if sum(map(len, held)) >= _PIECE:
                    yield np.concatenate(held)
                    held = []
        except av.FFmpegError as cause:
            raise UnsupportedMedia(
                f"breaks off after {end_s:.1f} s; copy it again", file=self._path
            ) from cause
        if held:
            yield np.concatenate(held)
        if self.duration_s and end_s < 0.9 * self.duration_s - 0.5:
            raise UnsupportedMedia(
                f"breaks off after {end_s:.1f} s of {self.duration_s:.1f} s; copy it again", file=self._path
            )

    def close(self) -> None:
        self._container.close()
