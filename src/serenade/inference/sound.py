"""A recording of any kind as a stream of blocks at a model's rate."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy.typing as npt

from serenade.audio.decode import Blocks, blocks
from serenade.audio.discovery import discover
from serenade.audio.sources import Media
from serenade.errors import UnsupportedMedia
from serenade.inference.arrays import Waveform, waveform_of
from serenade.text import decode_path

Recording = str | os.PathLike[str] | BinaryIO | bytes | bytearray | npt.ArrayLike
"""A path, an open binary file, the content of a file, or samples (with their rate)."""


@dataclass(frozen=True, eq=False)
class Sound:
    """An opened recording; its blocks can be read once.

    Attributes:
        name: its path, or the name of the open file; None for bytes and arrays.
        blocks: mono [shape=(samples,)] at the model's rate, all of one length but the last.
        source_rate_hz: its own rate.
    """

    name: str | None
    blocks: Iterator[Waveform]
    source_rate_hz: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found while it was decoded; final after the last block."""
        return self.blocks.warnings if isinstance(self.blocks, Blocks) else ()


def open_sound(
    recording: Recording, *, rate: float | None, rate_hz: int, block_s: float, track: int | None = None
) -> Sound:
    """Open a recording.

    Args:
        recording: see `Recording`.
        rate: samples per second of an array; None for all else.
        rate_hz: the model's rate.
        block_s: length of a block in seconds.
        track: number of the audio track of a file, from 1; None for the first that is not silent.

    Raises:
        UnsupportedMedia: it is not sound, or an array without its rate.
    """
    media = media_of(recording, rate=rate)
    if media is None:
        if track is not None:
            raise UnsupportedMedia("an array has no tracks; leave track= out")
        waveform = waveform_of(recording, rate=rate, rate_hz=rate_hz)
        return Sound(None, _slices(waveform, round(block_s * rate_hz)), int(rate or 0))
    opened = blocks(media, rate_hz=rate_hz, block_s=block_s, track=track)
    return Sound(name_of(recording), opened, opened.source_rate_hz)


def media_of(recording: Recording, *, rate: float | None = None) -> Media | None:
    """The recording as the decoder takes it; None if it is an array.

    Raises:
        UnsupportedMedia: it is a folder, a file of arrays, a file that is open as text, of another type, or
            no array and has a rate.
    """
    media: Media
    if isinstance(recording, str | os.PathLike):
        media = _path_of(recording)
    elif isinstance(recording, bytes | bytearray):
        media = bytes(recording)
    elif hasattr(recording, "read"):
        media = _seekable(recording)
    else:
        _require_samples(recording)
        return None
    if rate is not None:
        raise UnsupportedMedia(
            "a sound file states its own sample rate; leave rate= out", file=name_of(recording)
        )
    return media


def _require_samples(recording: object) -> None:
    """Refuse what is neither a list nor an array nor a tensor."""
    if not isinstance(recording, Sequence) and not hasattr(recording, "__array__"):
        raise UnsupportedMedia(
            "a recording is a path, an open binary file, the bytes of a file, or samples with their rate, "
            f"not {type(recording).__name__} {recording!r:.40}"
        )


def name_of(recording: Recording | None) -> str | None:
    """The name of a recording in its prediction; None for what has none."""
    name = recording if isinstance(recording, str | os.PathLike) else getattr(recording, "name", None)
    return os.fspath(name) if isinstance(name, str | os.PathLike) else None


def _path_of(recording: str | os.PathLike[str]) -> Path:
    path = Path(decode_path(os.fspath(recording)))
    if not os.fspath(recording):
        raise UnsupportedMedia("the path of the recording is empty")
    if path.is_dir():
        if discover(path).files:
            raise UnsupportedMedia(
                "is a folder; pass one recording, or the recordings in it to predict_files()", file=path
            )
        raise UnsupportedMedia("is a folder without recordings; pass a recording", file=path)
    if path.suffix.lower() in (".npy", ".npz"):
        raise UnsupportedMedia(
            "has arrays, not sound; pass the recording, or in Python the samples: predict(array, rate=16000)",
            file=path,
        )
    return path


def _seekable(file: Any) -> BinaryIO:
    """The file, or a temporary copy of a stream such as a pipe."""
    if not isinstance(file.read(0), bytes):
        raise UnsupportedMedia("is open as text; open it with mode 'rb'", file=name_of(file))
    if file.seekable():
        opened: BinaryIO = file
        return opened
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - read later, closed with its last reference
    try:
        shutil.copyfileobj(file, copy)
    except OSError as cause:
        raise UnsupportedMedia(
            f"cannot be copied to a temporary file ({cause.strerror}); save it as a file first",
            file=name_of(file),
        ) from cause
    return copy


def _slices(waveform: Waveform, size: int) -> Iterator[Waveform]:
    return (waveform[at : at + size] for at in range(0, len(waveform), size))
