"""Opens a sound file with libsndfile, or with FFmpeg's libraries if libsndfile cannot read it well."""

from __future__ import annotations

import glob
import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from serenade.audio.containers import Container, inspect_container
from serenade.audio.discovery import LFS_HEAD
from serenade.audio.sources import Media, Source
from serenade.errors import UnsupportedMedia

if TYPE_CHECKING:
    from serenade.audio.sndfile import SndfileSource

_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):/+")
_RATES_HZ = (1000, 6_144_000)
"""Rates that a recording can have. Any other means a damaged header, and resampling could fill the memory."""


@contextmanager
def open_source(media: Media, *, track: int | None = None) -> Iterator[Source]:
    """Open a sound file of any kind.

    Args:
        media: path, open file or content of a file.
        track: number of the audio track, from 1; None for the first that has sound.

    Raises:
        UnsupportedMedia: it is missing, a folder, empty, a Git LFS pointer, not sound, or has no such track.
    """
    path = media if isinstance(media, (str, Path)) else None
    with ExitStack() as stack:
        file = _binary(media, stack)
        source = _source(path, file, track)
        stack.callback(source.close)
        if not _RATES_HZ[0] <= source.rate_hz <= _RATES_HZ[1]:
            raise UnsupportedMedia(
                f"states a rate of {source.rate_hz:,} Hz, which no recording has; its header is damaged",
                file=path,
            )
        if track is not None and not 1 <= track <= source.tracks:
            raise UnsupportedMedia(
                f"has no audio track {track}; it has {source.tracks}, numbered from 1", file=path
            )
        yield source


def _binary(media: Media, stack: ExitStack) -> BinaryIO:
    """The file to read from; the stack closes it if it was opened here."""
    if isinstance(media, bytes):
        return io.BytesIO(media)
    if not isinstance(media, (str, Path)):
        if not media.seekable():
            raise UnsupportedMedia("a stream that cannot seek cannot be decoded; read it and pass the bytes")
        media.seek(0)
        return media
    try:
        mode = os.stat(media).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # opening or reading it may never end
            raise UnsupportedMedia(
                "is a device or a pipe, not a file; pipe the sound into `serenade predict -`", file=media
            )
        return stack.enter_context(open(media, "rb"))
    except IsADirectoryError as cause:
        raise UnsupportedMedia("is a folder; pass a sound file", file=media) from cause
    except (FileNotFoundError, NotADirectoryError) as cause:
        raise UnsupportedMedia(_missing(str(media)), file=media) from cause
    except (OSError, ValueError) as cause:
        reason = cause.strerror if isinstance(cause, OSError) else cause
        raise UnsupportedMedia(
            f"cannot be opened: {reason}; check its path and permissions", file=media
        ) from cause


def _missing(path: str) -> str:
    """Why there is no file of this name.

    >>> _missing("file:/home/a.wav")
    "is a URL, not a path; pass '/home/a.wav'"
    """
    if found := _URL.match(path):  # a `Path` has one slash of two
        if found[1].lower() == "file":
            return f"is a URL, not a path; pass {'/' + path[found.end() :]!r}"
        return "is a URL, and nothing is downloaded; download the file and pass its path"
    if glob.has_magic(path):
        return "no file matches this pattern, and none has this name; check it"
    return "there is no such file; check the path"


def _source(path: str | Path | None, file: BinaryIO, track: int | None) -> Source:
    head = file.read(len(LFS_HEAD))
    if not head:
        raise UnsupportedMedia("is empty (0 bytes); copy or record it again", file=path)
    if head == LFS_HEAD:
        raise UnsupportedMedia(
            "is a Git LFS pointer, not the recording; run `git lfs pull` in its repository", file=path
        )
    container = inspect_container(file)
    file.seek(0)
    source = _by_sndfile(path, file, container)
    if source is not None and source.channels <= 2:
        return source
    from serenade.audio.ffmpeg import FFmpegSource, layout_of

    if source is None:
        return FFmpegSource(path, file, container, track=track)
    source.layout = layout_of(file)
    return source


def _by_sndfile(path: str | Path | None, file: BinaryIO, container: Container) -> SndfileSource | None:
    """The file as libsndfile reads it; None if it cannot, or not all of it."""
    if container.is_mpeg:
        return None
    import soundfile

    from serenade.audio.sndfile import SndfileSource

    try:
        source = SndfileSource(path, file, container)
    except soundfile.LibsndfileError:
        return None
    if source.is_reliable():
        return source
    source.close()
    return None
